using Microsoft.Extensions.Logging;
using Skep.Compute.Kinds;
using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Images;

/// <summary>
/// Works on ImageImports, one at a time. The work goes on beside the reconciler, so that a deletion is seen while it
/// runs and cancels it. A daemon that is killed in the middle begins again at its next start; a download goes on.
/// </summary>
public sealed partial class ImageImportAgent(
    ResourceClient client, ImageImporter importer, ImageStore store, SkepOptions options, ILogger<ImageImportAgent> logger)
    : IReconciler, IAsyncDisposable
{
    /// <summary>How long a finished import can still be asked for.</summary>
    private static readonly TimeSpan _keep = TimeSpan.FromHours(1);

    private readonly BackgroundJobs _jobs = new();
    private readonly SemaphoreSlim _oneAtATime = new(1);

    /// <inheritdoc/>
    public string Name => "image-import-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [ComputeKinds.ImageImport.GroupResource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) => [changed.Key];

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        var import = client.View.Get(key)?.View(ComputeKinds.ImageImport);
        await _jobs.SettleAsync(key, uid => uid == import?.Metadata.Uid);
        RemoveLeftovers();
        if (import is null || (import.Spec.NodeName ?? options.NodeName) != options.NodeName)
            return null;
        if (import.Status is { Phase: ImageImportPhase.Succeeded or ImageImportPhase.Failed } done)
            return await ExpireAsync(key, done, ct);
        if (!_jobs.Has(key))
            _jobs.Begin(key, import.Metadata.Uid!, cancel => RunAsync(key, import.Metadata.Uid!, cancel));
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _jobs.DisposeAsync();
        _oneAtATime.Dispose();
    }

    private async Task<TimeSpan?> ExpireAsync(ResourceKey key, ImageImportStatus done, CancellationToken ct)
    {
        var left = (done.CompletionTime ?? DateTimeOffset.MinValue) + _keep - client.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return left;
        await client.DeleteAsync(key, ct);
        return null;
    }

    /// <summary>Working directories of imports that are gone, for example because they were deleted while no daemon ran.</summary>
    private void RemoveLeftovers()
    {
        var wanted = client.View.List(ComputeKinds.ImageImport, ns: null)
            .Where(i => i.Status?.Phase is not (ImageImportPhase.Succeeded or ImageImportPhase.Failed))
            .Select(i => i.Metadata.Uid).Concat(_jobs.Uids).ToHashSet();
        foreach (var name in store.ListStaging().Where(n => !wanted.Contains(n)))
            store.RemoveStaging(name);
    }

    private async Task RunAsync(ResourceKey key, string uid, CancellationToken ct)
    {
        try
        {
            await _oneAtATime.WaitAsync(ct);
            try
            {
                await new ImageImportRun(client, importer, store, options, key, uid).RunAsync(ct);
            }
            finally
            {
                _oneAtATime.Release();
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            LogCancelled(key);
        }
        catch (Exception ex)
        {
            // The store refused the outcome: the next look at the import begins the work again.
            LogFailed(ex, key);
        }
    }

    [LoggerMessage(EventId = 1300, Level = LogLevel.Information, Message = "image import {Key} was cancelled")]
    private partial void LogCancelled(ResourceKey key);

    [LoggerMessage(EventId = 1301, Level = LogLevel.Error, Message = "image import {Key} could not be finished")]
    private partial void LogFailed(Exception exception, ResourceKey key);
}
