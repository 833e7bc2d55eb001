using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Objects;
using Skep.S3.Notifications;

namespace Skep.S3.Lifecycle;

/// <summary>
/// Carries out buckets' lifecycle rules, an hour after an hour. It remembers nothing: what it did not come to before the daemon
/// stopped it finds again.
/// </summary>
internal sealed partial class LifecycleAgent(ObjectStoreHost host, LifecycleSettings settings, S3EventPublisher events, S3Options options, TimeProvider time, ILogger<LifecycleAgent> logger) : BackgroundService
{
    /// <summary>Rows looked at or deleted in a second; more would be felt by those who wait for the store's one writer.</summary>
    private const int RowsPerSecondMax = 20_000;

    private const int BucketsMax = 100;

    /// <summary>A short day, for tests, is looked at several times.</summary>
    private const int PassesPerDayMin = 5;

    private static readonly TimeSpan _firstAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _periodMax = TimeSpan.FromHours(1);
    private static readonly TimeSpan _periodMin = TimeSpan.FromMilliseconds(200);

    private readonly LifecycleClock _clock = new(options.LifecycleDay);

    /// <summary>How long it waits between two looks at all buckets.</summary>
    public TimeSpan Period { get; } = TimeSpan.FromTicks(Math.Clamp(options.LifecycleDay.Ticks / PassesPerDayMin, _periodMin.Ticks, _periodMax.Ticks));

    /// <summary>Looks at all buckets once.</summary>
    public async Task RunOnceAsync(CancellationToken ct)
    {
        for (string? after = null; ;)
        {
            var page = await host.Backend.ListBucketsAsync(new ListBucketsRequest { StartAfter = after, Max = BucketsMax }, ct);
            foreach (var bucket in page.Buckets)
                await RunAsync(bucket, ct);
            if (!page.IsTruncated)
                return;
            after = page.Buckets[^1].Name;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Soon after the start, so that a daemon that is often restarted does it too.
        var pause = Period < _firstAfter ? Period : _firstAfter;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(pause, time, stoppingToken);
                pause = Period;
                await RunOnceAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
            }
            catch (ObjectException ex)
            {
                LogFailed("all buckets", ex.Message);
            }
        }
    }

    private async Task RunAsync(BucketInfo bucket, CancellationToken ct)
    {
        try
        {
            var rules = await settings.FindAsync(host.Backend, bucket.Name, ct);
            if (rules.All.Count == 0)
                return;
            var outcome = await new LifecyclePass(host.Backend, bucket, rules, _clock, time.GetUtcNow(), PaceAsync)
            {
                Deleted = (request, result) => events.PublishAsync(
                    S3Event.Of(NotificationEvents.ExpirationDelete, NotificationEvents.ExpirationMarkerCreated, bucket, request, result) with { PrincipalId = "s3.amazonaws.com" }),
            }.RunAsync(ct);
            if (!outcome.IsNothing)
                LogDone(bucket.Name, outcome.Expired, outcome.Markers, outcome.Noncurrent, outcome.Aborted, outcome.Kept);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchBucket)
        {
            // It was deleted meanwhile, with its rules.
        }
        catch (Exception ex) when (ex is ObjectException or Errors.S3Exception)
        {
            LogFailed(bucket.Name, ex.Message);
        }
    }

    private async ValueTask PaceAsync(int rows, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (rows > 0)
            await Task.Delay(TimeSpan.FromSeconds((double)rows / RowsPerSecondMax), time, ct);
    }

    [LoggerMessage(EventId = 1720, Level = LogLevel.Information, Message = "lifecycle of bucket {Bucket}: {Expired} objects expired, {Markers} delete markers removed, {Noncurrent} noncurrent versions removed, {Aborted} uploads aborted, {Kept} kept because locked or changed")]
    private partial void LogDone(string bucket, int expired, int markers, int noncurrent, int aborted, int kept);

    [LoggerMessage(EventId = 1721, Level = LogLevel.Error, Message = "lifecycle of {Bucket} could not be carried out: {Why}")]
    private partial void LogFailed(string bucket, string why);
}
