using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Objects;
using Skep.S3.Documents;
using Skep.S3.Kinds;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Notifications;

/// <summary>
/// Tells what happened to whom a bucket's configuration names: the event is in the outbox, durably, before the request that
/// made it is answered. Delivering it is not the request's business. Thread-safe.
/// </summary>
internal sealed partial class S3EventPublisher(ObjectStoreHost host, Outbox outbox, TopicDirectory topics, SkepOptions options, TimeProvider time, ILogger<S3EventPublisher> logger) : IDisposable
{
    private const long BacklogMaxDefault = 100_000;

    private readonly ParsedDocuments<IReadOnlyList<NotificationTarget>> _configurations =
        new(NotificationConfiguration.SubResource, static d => NotificationConfiguration.Parse(XmlDocumentReader.Read(d)));

    private readonly Meter _meter = new("Skep.S3.Events");
    private Counter<long>? _dropped;

    /// <summary>The topics.</summary>
    public TopicDirectory Topics => topics;

    /// <summary>Tells what a request has done.</summary>
    /// <exception cref="ObjectException">The store failed: what the request did is done, but nobody will be told.</exception>
    public ValueTask PublishAsync(S3Call call, S3Event happened)
    {
        var address = call.Http.Connection.RemoteIpAddress;
        return PublishAsync(happened with
        {
            PrincipalId = call.Caller.Principal?.UserId ?? "Anonymous",
            SourceAddress = (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "",
            RequestId = call.Record.RequestId,
        });
    }

    /// <summary>Tells what happened.</summary>
    public async ValueTask PublishAsync(S3Event happened)
    {
        // It has happened: that the client went away meanwhile changes nothing.
        var ct = CancellationToken.None;
        var targets = await FindAsync(happened.Bucket.Name, ct);
        foreach (var target in targets)
        {
            if (target.Wants(happened.Name, happened.Key) && topics.Find(target.Topic) is { } topic)
                await AddAsync(target.Topic, topic, EventDocument.Write(happened, target.Id, options.Region, time.GetUtcNow()), ct);
        }
    }

    /// <summary>Sends the event that says that a configuration was set.</summary>
    public async ValueTask PublishTestAsync(S3Call call, TopicArn arn, CancellationToken ct)
    {
        if (topics.Find(arn) is { } topic)
            await AddAsync(arn, topic, EventDocument.WriteTest(call.Bucket, call.Record.RequestId, time.GetUtcNow()), ct);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private async ValueTask<IReadOnlyList<NotificationTarget>> FindAsync(string bucket, CancellationToken ct)
    {
        try
        {
            return await _configurations.FindAsync(host.Backend, bucket, ct) ?? [];
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchBucket)
        {
            return []; // it was deleted right after
        }
    }

    private async ValueTask AddAsync(TopicArn arn, Topic topic, ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        try
        {
            await outbox.AddAsync(arn, topic.Spec.BacklogMax ?? BacklogMaxDefault, message, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.QuotaExceeded or ObjectError.NoSpace)
        {
            // A webhook that nobody looks after must not end writing, nor a full disk deleting.
            (_dropped ??= _meter.CreateCounter<long>("skep.s3.events.dropped", description: "Events that were not kept: too many waited, or the disk was full.")).Add(1);
            LogDropped(arn.AccountId, arn.Name, ex.Message);
        }
    }

    [LoggerMessage(EventId = 1730, Level = LogLevel.Error, Message = "an event for topic {Account}/{Topic} was dropped: {Why}")]
    private partial void LogDropped(string account, string topic, string why);
}
