using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Objects;
using Skep.S3.Kinds;

namespace Skep.S3.Notifications;

/// <summary>
/// Delivers what is in the outbox, each topic's events one after the other in the order in which they came, at least once each:
/// an event leaves the outbox when its delivery has succeeded, or when it was tried for too long. Topics do not wait for each other.
/// </summary>
internal sealed partial class NotificationAgent(
    ObjectStoreHost host, Outbox outbox, TopicDirectory topics, TopicDelivery delivery, ResourceClient resources, TimeProvider time, ILogger<NotificationAgent> logger) : BackgroundService
{
    private const int PageMax = 100;
    private const int TopicsPageMax = 1_000;
    private const int RetentionHoursDefault = 24;
    private const int MessageLengthMax = 500;

    /// <summary>Where a signal was missed, a topic is looked at after this.</summary>
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, bool> _busy = new(StringComparer.Ordinal);
    private readonly List<Task> _running = [];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await StartTopicsAsync(stoppingToken);
                await outbox.WaitAsync(_period, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            await Task.WhenAll(_running);
        }
    }

    /// <summary>Starts the delivery of every topic that has something to deliver and is not at it.</summary>
    private async Task StartTopicsAsync(CancellationToken ct)
    {
        _running.RemoveAll(t => t.IsCompleted);
        try
        {
            for (string? after = null; ;)
            {
                var page = await host.Records.ListBucketsAsync(new ListBucketsRequest { Prefix = Outbox.BucketPrefix, StartAfter = after, Max = TopicsPageMax }, ct);
                foreach (var bucket in page.Buckets)
                {
                    if (bucket.Usage.Objects > 0 && Outbox.TopicOf(bucket.Name) is { } topic && _busy.TryAdd(bucket.Name, value: true))
                        _running.Add(Task.Run(() => RunAsync(bucket.Name, topic, ct), CancellationToken.None));
                }

                if (!page.IsTruncated)
                    return;
                after = page.Buckets[^1].Name;
            }
        }
        catch (ObjectException ex)
        {
            LogFailed("all topics", ex.Message);
        }
    }

    private async Task RunAsync(string bucket, TopicArn arn, CancellationToken ct)
    {
        try
        {
            while (await DrainAsync(bucket, arn, ct))
            {
            }

            if (topics.Find(arn) is null)
                await RemoveAsync(bucket, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
        catch (Exception ex)
        {
            LogFailed($"topic {arn.AccountId}/{arn.Name}", ex.Message);
            return; // again when it is looked at next
        }
        finally
        {
            _busy.TryRemove(bucket, out _);
        }

        outbox.Signal(); // for what came after the last look
    }

    /// <summary>Removes the bucket of a topic that is gone, unless there is something in it again.</summary>
    private async Task RemoveAsync(string bucket, CancellationToken ct)
    {
        try
        {
            await host.Records.DeleteBucketAsync(bucket, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.BucketNotEmpty or ObjectError.NoSuchBucket)
        {
            // Its topic is there again.
        }
    }

    /// <summary>Delivers a page of events; false when there were none.</summary>
    private async Task<bool> DrainAsync(string bucket, TopicArn arn, CancellationToken ct)
    {
        var page = await host.Records.ListAsync(new ListRequest { Bucket = bucket, Max = PageMax }, ct);
        foreach (var waiting in page.Objects)
        {
            await DeliverAsync(bucket, arn, waiting, ct);
            await host.Records.DeleteAsync(bucket, new DeleteRequest { Key = waiting.Key }, ct);
        }

        return page.Objects.Count > 0;
    }

    /// <summary>Tries until it is delivered, or there is no sense in trying any more.</summary>
    private async Task DeliverAsync(string bucket, TopicArn arn, ObjectVersion waiting, CancellationToken ct)
    {
        if (await ReadAsync(new ObjectAddress(bucket, waiting.Key), ct) is not { } message)
            return;
        for (var failures = 0; ;)
        {
            // Read anew each time: the address may have been corrected.
            if (topics.Find(arn) is not { } topic)
            {
                LogGone(arn.AccountId, arn.Name);
                return;
            }

            if (time.GetUtcNow() - waiting.LastModified > TimeSpan.FromHours(topic.Spec.RetentionHours ?? RetentionHoursDefault))
            {
                LogGivenUp(arn.AccountId, arn.Name, waiting.Key);
                return;
            }

            var why = await delivery.DeliverAsync(topic, waiting.Key, message, ct);
            await ReportAsync(topic, bucket, why, ct);
            if (why is null)
                return;
            await Task.Delay(DeliveryBackoff.After(++failures), time, ct);
        }
    }

    /// <summary>An event's document; null when it is damaged: the others must not wait behind it for ever.</summary>
    private async Task<byte[]?> ReadAsync(ObjectAddress address, CancellationToken ct)
    {
        try
        {
            await using var reader = await host.Records.OpenAsync(address, ct);
            using var message = new MemoryStream((int)reader.Version.LengthBytes);
            await reader.CopyToAsync(message, 0, reader.Version.LengthBytes, ct);
            return message.ToArray();
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.Damaged)
        {
            LogFailed(address.ToString(), ex.Message);
            return null;
        }
    }

    /// <summary>Says in the topic's status that it fails, or that it does no more; not at every event.</summary>
    private async Task ReportAsync(Topic topic, string bucket, string? why, CancellationToken ct)
    {
        var state = why is null ? "delivering" : "failing";
        if (why?.Length > MessageLengthMax)
            why = why[..MessageLengthMax];
        if (topic.Status?.State == state && topic.Status.Message == why)
            return;
        var backlog = (await host.Records.HeadBucketAsync(bucket, ct)).Usage.Objects;
        await resources.ModifyAsync(
            S3Kinds.Topic,
            S3Kinds.Topic.Key(topic.Metadata.Namespace ?? "", topic.Metadata.Name),
            t =>
            {
                t.Status = new TopicStatus { State = state, Message = why, Backlog = backlog, Since = time.GetUtcNow() };
                return true;
            },
            ct);
        if (why is not null)
            LogFailing(topic.Metadata.Namespace, topic.Metadata.Name, backlog, why);
    }

    [LoggerMessage(EventId = 1731, Level = LogLevel.Warning, Message = "topic {Namespace}/{Topic} does not take its events, {Backlog} wait: {Why}")]
    private partial void LogFailing(string? @namespace, string topic, long backlog, string why);

    [LoggerMessage(EventId = 1732, Level = LogLevel.Error, Message = "topic {Account}/{Topic} did not take event {Event} for too long; it was dropped")]
    private partial void LogGivenUp(string account, string topic, string @event);

    [LoggerMessage(EventId = 1733, Level = LogLevel.Warning, Message = "topic {Account}/{Topic} is gone, and an event with it")]
    private partial void LogGone(string account, string topic);

    [LoggerMessage(EventId = 1734, Level = LogLevel.Error, Message = "events of {Topic} could not be delivered: {Why}")]
    private partial void LogFailed(string topic, string why);
}
