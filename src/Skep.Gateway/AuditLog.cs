using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;

namespace Skep.Gateway;

/// <summary>
/// Writes one line of JSON for every request of a dialect to <c>audit.log</c>: when, who, from where, what, with which
/// result. Never a secret: no headers, no bodies, no query strings. Files roll over, so the disk use is bounded.
/// </summary>
public sealed partial class AuditLog(SkepOptions options, TimeProvider time, ILogger<AuditLog> logger) : BackgroundService
{
    /// <summary>The name of the file in the data directory; older ones are audit.log.1, .2, …</summary>
    public const string FileName = "audit.log";

    private const int QueueMax = 4_096;
    private const long FileBytesMax = 64 * 1024 * 1024;
    private const int OldFilesMax = 4;

    private readonly Channel<byte[]> _queue = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(QueueMax) { SingleReader = true });

    /// <summary>A timestamp for <see cref="WriteAsync"/>.</summary>
    public long Start() => time.GetTimestamp();

    /// <summary>Queues the entry of a request that has been answered. Waits when the disk is slower than the requests.</summary>
    public ValueTask WriteAsync(HttpContext context, RequestRecord record, long start)
    {
        var line = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow());
            json.WriteString("requestId", record.RequestId);
            if (record.Principal is { } principal)
            {
                json.WriteString("principal", principal.Name);
                json.WriteString("accountId", principal.AccountId);
            }

            json.WriteString("source", context.Connection.RemoteIpAddress?.ToString());
            json.WriteString("dialect", record.Dialect);
            json.WriteString("method", context.Request.Method);
            json.WriteString("path", context.Request.Path.Value);
            json.WriteString("action", record.Action);
            json.WriteString("resource", record.Resource);
            json.WriteNumber("status", context.Response.StatusCode);
            if (record.Reason is not null)
                json.WriteString("reason", record.Reason);
            json.WriteNumber("durationMs", Math.Round(time.GetElapsedTime(start).TotalMilliseconds, 3));
            json.WriteEndObject();
        }

        line.Write("\n"u8);
        // After the writer has stopped there is nobody to wait for.
        return _queue.Writer.TryWrite(line.WrittenSpan.ToArray()) || _queue.Reader.Completion.IsCompleted
            ? ValueTask.CompletedTask
            : WaitAsync(line.WrittenSpan.ToArray());
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        // Ended by completing the queue, not by the token: entries of the last requests are still written.
        await using var stop = stoppingToken.Register(() => _queue.Writer.TryComplete());
        var path = options.PathOf(FileName);
        FileStream? file = null;
        try
        {
            while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
            {
                try
                {
                    file ??= OpenFile(path);
                    while (_queue.Reader.TryRead(out var line))
                        file.Write(line);
                    await file.FlushAsync(CancellationToken.None);
                    if (file.Length > FileBytesMax)
                    {
                        await file.DisposeAsync();
                        file = null;
                        RollOver(path);
                    }
                }
                catch (IOException ex)
                {
                    // The cloud goes on without its audit log, and says so.
                    LogFailed(ex, path);
                }
            }
        }
        finally
        {
            if (file is not null)
                await file.DisposeAsync();
        }
    }

    private static FileStream OpenFile(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        UnixCreateMode = Skep.Linux.AtomicFile.OwnerOnly,
        BufferSize = 64 * 1024,
    });

    private static void RollOver(string path)
    {
        for (var number = OldFilesMax - 1; number >= 1; number--)
        {
            if (File.Exists($"{path}.{number}"))
                File.Move($"{path}.{number}", $"{path}.{number + 1}", overwrite: true);
        }

        File.Move(path, path + ".1", overwrite: true);
    }

    private async ValueTask WaitAsync(byte[] line)
    {
        try
        {
            await _queue.Writer.WriteAsync(line);
        }
        catch (ChannelClosedException)
        {
            // Stopping: the request is answered, its entry comes too late.
        }
    }

    [LoggerMessage(EventId = 301, Level = LogLevel.Error, Message = "audit entries cannot be written to {Path}")]
    private partial void LogFailed(Exception exception, string path);
}
