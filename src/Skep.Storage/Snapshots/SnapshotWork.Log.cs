using Skep.Blocks.Chunks;
using Skep.Storage.Kinds;
using Skep.Storage.Pools;
using Skep.Storage.Volumes;

namespace Skep.Storage.Snapshots;

internal sealed partial class SnapshotWork
{
    /// <summary>Reads a log-structured volume that no machine has open, through its server; the volume is held for that time.</summary>
    private async Task<SnapshotInfo> CaptureServedAsync(Snapshot snapshot, Volume volume, CancellationToken ct)
    {
        try
        {
            var pool = PoolPlaces.PoolOf(volume, client.View) ?? throw new SnapshotException($"volume {volume.Metadata.Name} is in no pool");
            await logs.ServeAsync(places.PlaceOf(pool, volume), ct);
            await SetCapturedAsync("offline", null, baseSnapshotId: null, ct);
            return await CopyDiskAsync(snapshot, volume.Status!.NbdSocket!, volume.Status.NbdExport ?? "", changesContext: null, since: null, ct);
        }
        catch (VolumeException ex)
        {
            throw new SnapshotException(ex.Message);
        }
        finally
        {
            await ReleaseUnlessResumedAsync(snapshot, volume, ct);
        }
    }
}
