using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>
    /// Deletes a volume with its snapshots, whoever has it open. A deletion that was interrupted can be done again.
    /// </summary>
    /// <param name="store">Where the volume is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="services">Clock and events.</param>
    /// <param name="progress">Told how many objects of the store are gone, if not null.</param>
    /// <param name="ct">Cancels; what is deleted by then stays so.</param>
    /// <exception cref="BlockDeviceException">Another volume is a clone of it.</exception>
    /// <exception cref="LogFormatException">There is no such volume.</exception>
    public static async Task DeleteAsync(IObjectStore store, string name, LogVolumeServices services, IProgress<int>? progress, CancellationToken ct)
    {
        var reader = StoreReader.Of(store, name, services);
        var loader = new VolumeLoader(reader, name);
        var identity = await loader.LoadIdentityAsync(ct);
        bool isDeleting = await loader.IsDeletedAsync(identity, ct);
        bool isWhole = !isDeleting && (await reader.ReadAsync(VolumeNames.Record(name, 1), ct) ?? await reader.ReadAsync(VolumeNames.Head(name), ct)) is not null;
        ulong fence = isWhole ? await RefuseWithClonesAsync(reader, loader, identity, ct) : 0;
        // From here on it cannot be opened, and a deletion that is cut short goes on without asking for the state.
        await reader.RetryAsync(() => store.PutAsync(VolumeNames.Deleted(name), [identity.Write()], PutCondition.None, ct), ct);
        // A writer that has the volume open finds its fence entry gone with its next record, and stops.
        if (fence > 0)
            await store.DeleteAsync(VolumeNames.Fence(name, fence), ct);
        int deleted = 0;
        foreach (string prefix in new[] { VolumeNames.Records(name), VolumeNames.DataPrefix(name), VolumeNames.Checkpoints(name), VolumeNames.Snapshots(name), VolumeNames.Fences(name) })
        {
            List<string> keys = [];
            // Another volume's name may begin with this one's, so only what looks like this one's is deleted.
            await foreach (var item in store.ListAsync(prefix, after: null, ct))
                if (VolumeNames.TryParseNumber(prefix, item.Key, out _) || (prefix == VolumeNames.DataPrefix(name) && VolumeNames.TryParseData(name, item.Key, out _, out _)))
                    keys.Add(item.Key);
            foreach (string key in keys)
            {
                await store.DeleteAsync(key, ct);
                progress?.Report(++deleted);
            }
        }
        // A clone's start, which a listing that lags may not have named.
        await store.DeleteAsync(VolumeNames.Checkpoint(name, 0), ct);
        await store.DeleteAsync(VolumeNames.Head(name), ct);
        await store.DeleteAsync(VolumeNames.Deleted(name), ct);
        await store.DeleteAsync(VolumeNames.Identity(name), ct);
    }

    /// <returns>The last entry of the volume's fence.</returns>
    private static async Task<ulong> RefuseWithClonesAsync(StoreReader reader, VolumeLoader loader, VolumeIdentity identity, CancellationToken ct)
    {
        var (state, fence) = await loader.LoadAsync(identity, ct);
        foreach (var clone in state.Clones.Values)
        {
            string key = VolumeNames.Identity(clone.Volume);
            if (await reader.ReadAsync(key, ct) is { } data && VolumeIdentity.Read(data, key).VolumeId == clone.VolumeId)
                throw new BlockDeviceException(BlockError.NotSupported, $"volume {state.Name} cannot be deleted: volume {clone.Volume} is a clone of its snapshot {clone.SnapshotId}");
        }
        return fence;
    }
}
