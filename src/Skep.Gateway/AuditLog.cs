using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Skep.Core.Hosting;
using Skep.Core.Observability;

namespace Skep.Gateway;

/// <summary>
/// Writes one line of JSON for every request of a dialect to <c>audit.log</c>: when, who, from where, what, with which
/// result. Never a secret: no headers, no bodies, no query strings. The entry is in the file before the next request of
/// the connection is read; old files are rotated out, so the disk use is bounded. A full disk loses entries, which
/// <c>skep_audit_entries_lost</c> counts, but not requests.
/// </summary>
public sealed class AuditLog : IDisposable
{
    /// <summary>The name of the file in the data directory; older ones are audit.log.1, .2, …</summary>
    public const string FileName = "audit.log";

    private const long FileBytesMax = 64 * 1024 * 1024;
    private const int OldFilesKept = 4;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    private readonly TimeProvider _time;
    private readonly RotatingFile _file;
    private readonly Meter _meter = new("Skep.Gateway");

    /// <summary>Opens the log in the data directory.</summary>
    public AuditLog(SkepOptions options, TimeProvider time)
    {
        _time = time;
        _file = new RotatingFile(options.PathOf(FileName), FileBytesMax, OldFilesKept);
        _meter.CreateObservableCounter("skep.audit.entries.lost", () => _file.LinesLost, description: "Audit entries that could not be written.");
    }

    /// <summary>A timestamp for <see cref="Write"/>.</summary>
    public long Start() => _time.GetTimestamp();

    /// <summary>Writes the entry of a request that has been answered.</summary>
    public void Write(HttpContext context, RequestRecord record, long start)
    {
        var line = _buffer ??= new ArrayBufferWriter<byte>(1_024);
        line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("time", _time.GetUtcNow().UtcDateTime);
            json.WriteString("requestId", record.RequestId);
            WriteIfAny(json, "principal", record.Principal?.Name);
            WriteIfAny(json, "accountId", record.Principal?.AccountId);
            WriteIfAny(json, "source", context.Connection.RemoteIpAddress?.ToString());
            WriteIfAny(json, "dialect", record.Dialect);
            json.WriteString("method", context.Request.Method);
            json.WriteString("path", context.Request.Path.Value);
            WriteIfAny(json, "action", record.Action);
            WriteIfAny(json, "resource", record.Resource);
            json.WriteNumber("status", context.Response.StatusCode);
            WriteIfAny(json, "reason", record.Reason);
            json.WriteNumber("durationMs", Math.Round(_time.GetElapsedTime(start).TotalMilliseconds, 3));
            json.WriteEndObject();
        }

        line.Write("\n"u8);
        _file.Write(line.WrittenSpan);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        _file.Dispose();
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            json.WriteString(name, value);
    }
}
