using Microsoft.Extensions.Logging;
using Skep.Blocks.Chunks;
using Skep.Blocks.Stores;
using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Storage.Kinds;
using Skep.Storage.Snapshots;

namespace Skep.Storage.Verification;

/// <summary>
/// Verifies snapshots whose store this node holds. One that was interrupted begins again: it changes nothing but its own
/// report.
/// </summary>
internal sealed partial class VerificationAgent(ResourceClient client, SnapshotStores stores, SkepOptions options, ILogger<VerificationAgent> logger) : IReconciler
{
    /// <summary>Damages that a report names.</summary>
    private const int DamagesMax = 1_000;

    /// <summary>Percent that are worth a new version of the report.</summary>
    private const int ProgressStep = 5;

    private static readonly TimeSpan _keptFor = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public string Name => "verification-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [StorageKinds.SnapshotVerification.GroupResource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) => [changed.Key];

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (client.View.Get(key)?.View(StorageKinds.SnapshotVerification) is not { } verification)
            return null;
        if (verification.Status is { CompletionTime: { } end })
            return await RemoveWhenOldAsync(key, end, ct);
        var snapshot = client.View.Get(StorageKinds.Snapshot, key.Namespace, verification.Spec.SnapshotId);
        if (snapshot?.Spec.NodeName is { } node && node != options.NodeName)
            return null;
        if (snapshot is not { Status.State: SnapshotState.Completed })
        {
            var why = snapshot is null ? "does not exist" : $"is {snapshot.Status?.State ?? SnapshotState.Pending}; only a completed one can be verified";
            await FinishAsync(key, s => Fail(s, $"snapshot {verification.Spec.SnapshotId} {why}"), ct);
            return null;
        }

        await VerifyAsync(key, snapshot, ct);
        return null;
    }

    private async Task<TimeSpan?> RemoveWhenOldAsync(ResourceKey key, DateTimeOffset end, CancellationToken ct)
    {
        var left = end + _keptFor - client.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return left;
        await client.DeleteAsync(key, ct);
        return null;
    }

    private async Task VerifyAsync(ResourceKey key, Snapshot snapshot, CancellationToken ct)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await ReportAsync(key, 0, cancel);
        try
        {
            var report = options.IsSimulated && snapshot.Spec.Source != SnapshotSource.Direct
                ? new VerifyReport(1, 0, 0, []) // simulated disks have no content
                : await (await stores.OpenAsync(ct)).VerifyAsync([snapshot.Metadata.Name], Progress(key, cancel), cancel.Token);
            LogVerified(snapshot.Metadata.Name, report.Chunks, report.Damages.Count);
            await FinishAsync(key, s => Succeed(s, report), ct);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            LogCancelled(snapshot.Metadata.Name);
        }
        catch (Exception ex) when (ex is ObjectStoreException or ChunkStoreException or IOException)
        {
            await FinishAsync(key, s => Fail(s, ex.Message), ct);
        }
    }

    private Action<SnapshotProgress> Progress(ResourceKey key, CancellationTokenSource cancel)
    {
        var shown = 0;
        return progress =>
        {
            var percent = (int)(progress.BlocksDone * 100 / Math.Max(1, progress.BlocksAll));
            if (percent < shown + ProgressStep)
                return;
            shown = percent;
            _ = ReportAsync(key, percent, cancel);
        };
    }

    /// <summary>Says how far it is; a report that nobody wants any more ends the work.</summary>
    private async Task ReportAsync(ResourceKey key, int percent, CancellationTokenSource cancel)
    {
        try
        {
            var kept = await client.ModifyAsync(StorageKinds.SnapshotVerification, key, v =>
            {
                if (v.Status?.CompletionTime is not null || v.Status?.Progress > percent)
                    return false;
                v.Status ??= new SnapshotVerificationStatus();
                v.Status.Phase = VerificationPhase.Running;
                v.Status.StartTime ??= client.Time.GetUtcNow();
                v.Status.Progress = percent;
                return true;
            }, CancellationToken.None);
            if (kept is null)
                await cancel.CancelAsync();
        }
        catch (Exception ex) when (ex is ResourceException or ObjectDisposedException)
        {
            // The next report, or the last, says the same; a work that is over has no use for cancellation.
            LogUnreported(key, ex.Message);
        }
    }

    private Task FinishAsync(ResourceKey key, Action<SnapshotVerificationStatus> change, CancellationToken ct) =>
        client.ModifyAsync(StorageKinds.SnapshotVerification, key, v =>
        {
            v.Status ??= new SnapshotVerificationStatus();
            v.Status.CompletionTime = client.Time.GetUtcNow();
            v.Status.StartTime ??= v.Status.CompletionTime;
            change(v.Status);
            return true;
        }, ct);

    private static void Succeed(SnapshotVerificationStatus status, VerifyReport report)
    {
        status.Phase = VerificationPhase.Succeeded;
        status.Progress = 100;
        status.Chunks = report.Chunks;
        status.Bytes = report.Bytes;
        status.DamageCount = report.Damages.Count;
        status.Damages = [.. report.Damages.Take(DamagesMax).Select(d => new VerificationDamage { Block = d.Block, Message = d.Message })];
    }

    private static void Fail(SnapshotVerificationStatus status, string message)
    {
        status.Phase = VerificationPhase.Failed;
        status.Message = message;
    }

    [LoggerMessage(EventId = 1480, Level = LogLevel.Information, Message = "snapshot {Snapshot} was verified: {Chunks} chunks, {Damages} damaged blocks")]
    private partial void LogVerified(string snapshot, long chunks, int damages);

    [LoggerMessage(EventId = 1481, Level = LogLevel.Information, Message = "the verification of snapshot {Snapshot} was cancelled")]
    private partial void LogCancelled(string snapshot);

    [LoggerMessage(EventId = 1482, Level = LogLevel.Debug, Message = "progress of {Key} was not written: {Why}")]
    private partial void LogUnreported(ResourceKey key, string why);
}
