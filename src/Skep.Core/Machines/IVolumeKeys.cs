using Skep.Linux.DiskImages;

namespace Skep.Core.Machines;

/// <summary>What whoever runs machines asks of whoever owns volumes: what encrypted disks are opened with.</summary>
public interface IVolumeKeys
{
    /// <summary>Unwraps a disk's key; null when it has none, because it is not encrypted.</summary>
    /// <exception cref="IOException">The key ring cannot be read, or is not the one that the key was wrapped with.</exception>
    DiskPassphrase? Open(string volumeId, DiskKey? key);
}
