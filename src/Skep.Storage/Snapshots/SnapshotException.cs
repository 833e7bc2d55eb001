namespace Skep.Storage.Snapshots;

/// <summary>A snapshot cannot be taken; the message becomes its status.</summary>
internal sealed class SnapshotException(string message, Exception? inner = null) : Exception(message, inner);
