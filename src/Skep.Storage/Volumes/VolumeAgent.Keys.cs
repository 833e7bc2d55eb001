using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Linux.DiskImages;
using Skep.Storage.Kinds;

namespace Skep.Storage.Volumes;

internal sealed partial class VolumeAgent
{
    /// <summary>
    /// The key of an encrypted volume, made when it has none. It is in the store before anything is encrypted with it: a file
    /// whose key nobody knows would be lost.
    /// </summary>
    /// <exception cref="VolumeException">There is a file, and no key to it.</exception>
    private async Task<DiskKey> EnsureKeyAsync(ResourceKey key, Volume volume, VolumeFiles folder, CancellationToken ct)
    {
        if (volume.Status?.Key is { } known)
            return known;
        if (folder.Exists(key.Name))
            throw new VolumeException($"the key of {folder.PathOf(key.Name)} is no longer in the volume's status");
        var made = CreateKey(key.Name);
        var stored = await client.ModifyAsync(StorageKinds.Volume, key, v =>
        {
            if ((v.Status ??= new VolumeStatus()).Key is not null)
                return false;
            v.Status.Key = made;
            return true;
        }, ct);
        return stored?.Status?.Key ?? throw new VolumeException($"volume {key.Name} was deleted while it was made");
    }

    private DiskKey CreateKey(string volumeId)
    {
        try
        {
            return keys.Create(volumeId);
        }
        catch (IOException ex)
        {
            throw new VolumeException(ex.Message) { IsTransient = true };
        }
    }

    private DiskPassphrase? OpenKey(string volumeId, DiskKey? key)
    {
        try
        {
            return keys.Open(volumeId, key);
        }
        catch (IOException ex)
        {
            throw new VolumeException(ex.Message) { IsTransient = true };
        }
    }
}
