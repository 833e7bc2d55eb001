using System.Globalization;
using System.Threading.Channels;
using Skep.Objects;

namespace Skep.S3.Notifications;

/// <summary>
/// Events that wait for their delivery: objects in the store itself, in a bucket for each topic whose name no request can
/// address. So they are as durable as the objects that they are about, and as cheap. Thread-safe.
/// </summary>
internal sealed class Outbox(ObjectStoreHost host, TimeProvider time)
{
    /// <summary>How the names of the buckets begin: no bucket of S3 is named so.</summary>
    public const string BucketPrefix = ".events:";

    private const string Owner = "skep";

    // One signal is enough: who gets it looks at everything.
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _number;

    /// <summary>The bucket of a topic.</summary>
    public static string BucketOf(TopicArn topic) => $"{BucketPrefix}{topic.AccountId}:{topic.Name}";

    /// <summary>The topic of a bucket; null for other buckets.</summary>
    public static TopicArn? TopicOf(string bucket) =>
        bucket.StartsWith(BucketPrefix, StringComparison.Ordinal) && bucket[BucketPrefix.Length..].Split(':') is [var account, var name] ? new TopicArn(account, name) : null;

    /// <summary>Puts an event into a topic's bucket; it is durable when this returns.</summary>
    /// <exception cref="ObjectException">QuotaExceeded: too many wait. Or the store failed.</exception>
    public async ValueTask AddAsync(TopicArn topic, long backlogMax, ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        var bucket = BucketOf(topic);
        try
        {
            await PutAsync(bucket, message, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchBucket)
        {
            await CreateAsync(bucket, ct);
            await PutAsync(bucket, message, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.QuotaExceeded)
        {
            if ((await host.Records.HeadBucketAsync(bucket, ct)).Quota.ObjectsMax == backlogMax)
                throw;
            // More may wait since the topic was changed.
            await host.Records.SetQuotaAsync(bucket, new BucketQuota(null, backlogMax), ct);
            await PutAsync(bucket, message, ct);
        }

        Signal();
        async ValueTask CreateAsync(string name, CancellationToken token)
        {
            try
            {
                await host.Records.CreateBucketAsync(name, Owner, token);
            }
            catch (ObjectException ex) when (ex.Error is ObjectError.BucketExists)
            {
                // Another request was faster.
            }

            await host.Records.SetQuotaAsync(name, new BucketQuota(null, backlogMax), token);
        }
    }

    /// <summary>Wakes who delivers.</summary>
    public void Signal() => _signal.Writer.TryWrite(true);

    /// <summary>Waits for an event to be put in, at most so long.</summary>
    public async Task WaitAsync(TimeSpan timeout, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            await _signal.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
        }
    }

    private async ValueTask PutAsync(string bucket, ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        // In order of time; the number tells those of one millisecond apart, also from those of the process before.
        var key = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow().ToUnixTimeMilliseconds():x12}-{Interlocked.Increment(ref _number):x10}");
        await host.Records.PutAsync(
            new PutRequest { Bucket = bucket, Key = key, Metadata = new ObjectMetadata { Owner = Owner }, Body = new BodyClaims { LengthBytes = message.Length }, Conditions = WriteConditions.IfAbsent },
            new MemoryStream(message.ToArray(), writable: false),
            ct);
    }
}
