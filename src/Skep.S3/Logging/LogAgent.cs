using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Objects;

namespace Skep.S3.Logging;

/// <summary>
/// Brings log lines into the spool, and the spool's files into their target buckets: every five minutes, when a file is full, and
/// after a start what the process before left. A file that is delivered is removed afterwards, so that a line may come
/// twice, as in S3.
/// </summary>
internal sealed partial class LogAgent(ObjectStoreHost host, AccessLogs logs, SkepOptions options, TimeProvider time, ILogger<LogAgent> logger) : BackgroundService
{
    /// <summary>The spool's directory in the data directory.</summary>
    public const string DirectoryName = "access-logs";

    private const int UniqueBytes = 8;

    private static readonly TimeSpan _period = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var spool = new LogSpool(options.PathOf(DirectoryName));
        try
        {
            spool.Open();
            await DeliverAsync(spool, stoppingToken);
            var last = time.GetTimestamp();
            while (!stoppingToken.IsCancellationRequested)
            {
                await WaitAsync(_period - time.GetElapsedTime(last), stoppingToken);
                Drain(spool);
                if (time.GetElapsedTime(last) < _period)
                    continue;
                await DeliverAsync(spool, stoppingToken);
                last = time.GetTimestamp();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            LogFailed(ex.Message); // requests go on without a log, which counts what is dropped
        }
        finally
        {
            Drain(spool); // delivered after the next start
        }
    }

    /// <summary>Delivers all of the spool.</summary>
    internal async Task DeliverAsync(LogSpool spool, CancellationToken ct)
    {
        foreach (var file in spool.Close())
        {
            try
            {
                await DeliverAsync(file, ct);
                File.Delete(file);
            }
            catch (Exception ex) when (ex is ObjectException or Errors.S3Exception)
            {
                LogNotDelivered(ex.Message);
                return; // again in five minutes
            }
        }
    }

    private async Task DeliverAsync(string file, CancellationToken ct)
    {
        var logsOf = new Dictionary<string, StringBuilder>(StringComparer.Ordinal);
        await foreach (var line in LogSpool.ReadAsync(file).WithCancellation(ct))
        {
            if (!logsOf.TryGetValue(line.Bucket, out var text))
                logsOf.Add(line.Bucket, text = new StringBuilder());
            text.Append(line.Line).Append('\n');
        }

        foreach (var (bucket, text) in logsOf)
            await DeliverAsync(bucket, text.ToString(), ct);
    }

    private async Task DeliverAsync(string source, string text, CancellationToken ct)
    {
        var lines = text.Count(c => c == '\n');
        if (await logs.FindTargetAsync(source, ct) is not { } target)
        {
            logs.Drop(lines); // nobody wants it any more
            return;
        }

        try
        {
            var bucket = await host.Backend.HeadBucketAsync(target.Bucket, ct);
            var from = await host.Backend.HeadBucketAsync(source, ct);
            if (from.Owner != bucket.Owner || !await logs.MayDeliverAsync(target, bucket, source, ct))
            {
                logs.Drop(lines);
                LogRefused(source, target.Bucket, lines, "its policy does not allow logging.s3.amazonaws.com to put objects");
                return;
            }

            var bytes = Encoding.UTF8.GetBytes(text);
            await host.Backend.PutAsync(
                new PutRequest
                {
                    Bucket = target.Bucket,
                    Key = target.KeyOf(source, from.Owner, options.Region, time.GetUtcNow(), Convert.ToHexString(RandomNumberGenerator.GetBytes(UniqueBytes))),
                    Metadata = new ObjectMetadata { Owner = bucket.Owner, Headers = [new("Content-Type", "text/plain")] },
                    Body = new BodyClaims { LengthBytes = bytes.Length },
                },
                new MemoryStream(bytes, writable: false),
                ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchBucket or ObjectError.QuotaExceeded or ObjectError.InvalidArgument)
        {
            logs.Drop(lines);
            LogRefused(source, target.Bucket, lines, ex.Message);
        }
    }

    private async Task WaitAsync(TimeSpan timeout, CancellationToken ct)
    {
        if (timeout <= TimeSpan.Zero)
            return;
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            await logs.Lines.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
        }
    }

    private void Drain(LogSpool spool)
    {
        while (logs.Lines.TryRead(out var line))
        {
            if (!spool.Append(line))
                logs.Drop();
        }
    }

    [LoggerMessage(EventId = 1740, Level = LogLevel.Warning, Message = "{Lines} log lines of bucket {Source} were not put into bucket {Target}: {Why}")]
    private partial void LogRefused(string source, string target, int lines, string why);

    [LoggerMessage(EventId = 1741, Level = LogLevel.Error, Message = "access logs wait for delivery: {Why}")]
    private partial void LogNotDelivered(string why);

    [LoggerMessage(EventId = 1742, Level = LogLevel.Error, Message = "access logs end until the next start: {Why}")]
    private partial void LogFailed(string why);
}
