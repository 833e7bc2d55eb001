namespace Skep.Core.Machines;

/// <summary>Something asked of a machine's disk cannot be done; the message says why, for people.</summary>
public sealed class MachineDiskException(string message, Exception? inner = null) : Exception(message, inner);
