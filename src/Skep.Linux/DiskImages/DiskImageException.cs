namespace Skep.Linux.DiskImages;

/// <summary>A file is no disk image that can be used; the message says what it is and what was expected.</summary>
public sealed class DiskImageException(string message) : Exception(message);
