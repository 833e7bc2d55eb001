using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Blocks.Chunks;
using Skep.Blocks.Stores;

namespace Skep.Storage.Snapshots;

/// <summary>Frees from time to time what no snapshot of this node's store uses any more.</summary>
internal sealed partial class SnapshotGarbage(SnapshotStores stores, TimeProvider time, ILogger<SnapshotGarbage> logger) : BackgroundService
{
    private static readonly TimeSpan _period = TimeSpan.FromMinutes(30);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await CollectAsync(stoppingToken);
    }

    private async Task CollectAsync(CancellationToken ct)
    {
        try
        {
            // A store that nobody has opened has nothing to free, and need not be made.
            if (!stores.Exists)
                return;
            var report = await (await stores.OpenAsync(ct)).CollectGarbageAsync(ct);
            if (report.PacksDeleted + report.PacksCompacted + report.SnapshotsExpired > 0)
                LogCollected(report.BytesFreed, report.PacksDeleted, report.PacksCompacted, report.SnapshotsExpired);
            foreach (var pack in report.DamagedPacks)
                LogDamaged(pack);
        }
        catch (Exception ex) when (ex is ChunkStoreException or ObjectStoreException or IOException)
        {
            LogFailed(ex.Message);
        }
    }

    [LoggerMessage(EventId = 1420, Level = LogLevel.Information, Message = "freed {Bytes} bytes of snapshots: {Deleted} packs deleted, {Compacted} written anew, {Expired} unfinished snapshots given up")]
    private partial void LogCollected(long bytes, int deleted, int compacted, int expired);

    [LoggerMessage(EventId = 1421, Level = LogLevel.Error, Message = "pack {Pack} of the snapshot store is damaged; verify the snapshots")]
    private partial void LogDamaged(string pack);

    [LoggerMessage(EventId = 1422, Level = LogLevel.Error, Message = "nothing of snapshots was freed: {Why}")]
    private partial void LogFailed(string why);
}
