namespace Skep.Core.Machines;

/// <summary>Something asked of a machine's disk cannot be done; the message says why, for people.</summary>
public sealed class MachineDiskException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>
    /// The machine did not answer now, which says nothing of the disk: its monitor waits for the host's disks too. The same
    /// question may be asked again.
    /// </summary>
    public bool IsTransient { get; init; }
}
