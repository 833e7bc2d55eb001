using System.Security.Cryptography;
using Skep.Blocks.Keys;
using Skep.Core.Machines;
using Skep.Linux.DiskImages;

namespace Skep.Storage.Keys;

/// <summary>
/// The data keys of encrypted disks in files: 32 random bytes each, of which base64 is the disk's LUKS passphrase. They are
/// kept in the volumes' documents, wrapped for the volume they belong to.
/// </summary>
/// <param name="ringPath">The key ring's file; made with the first key.</param>
/// <param name="time">Dates new keys of the ring.</param>
public sealed class VolumeKeys(string ringPath, TimeProvider time) : IVolumeKeys
{
    /// <summary>Makes a key for a volume.</summary>
    /// <exception cref="IOException">The key ring cannot be read or made.</exception>
    public DiskKey Create(string volumeId)
    {
        var wrapped = WrappedKey.Wrap(
            KeyRingFile.ReadOrCreate(ringPath, time), RandomNumberGenerator.GetBytes(KeyRing.KeyLength), ContextOf(volumeId), RandomNumberGenerator.GetBytes(WrappedKey.NonceLength));
        return new DiskKey { KeyId = wrapped.KeyId, Wrapped = Convert.ToBase64String(wrapped.Bytes) };
    }

    /// <inheritdoc/>
    public DiskPassphrase? Open(string volumeId, DiskKey? key)
    {
        if (key is null)
            return null;
        try
        {
            var dataKey = new WrappedKey(key.KeyId, Convert.FromBase64String(key.Wrapped)).Unwrap(KeyRingFile.Read(ringPath), ContextOf(volumeId));
            return new DiskPassphrase(Convert.ToBase64String(dataKey));
        }
        catch (Exception ex) when (ex is CryptographicException or FormatException)
        {
            throw new IOException($"the key of volume {volumeId} (wrapped with {key.KeyId}) cannot be opened with {ringPath}: {ex.Message}", ex);
        }
    }

    private static string ContextOf(string volumeId) => $"volume {volumeId}";
}
