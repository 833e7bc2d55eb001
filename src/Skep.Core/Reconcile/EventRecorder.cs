using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Reconcile;

/// <summary>
/// Writes core/v1 Events about resources, for people who look at <c>kubectl describe</c>. Recording never waits and
/// never fails: events that cannot be written are counted and dropped. The same event again raises the count of the one
/// that is there.
/// </summary>
public sealed partial class EventRecorder(ResourceClient client, ILogger<EventRecorder> logger) : BackgroundService
{
    /// <summary>Events waiting to be written; more are dropped.</summary>
    private const int QueueMax = 1_024;

    /// <summary>Kubernetes' limit of an event's message, in characters.</summary>
    private const int MessageMax = 1_024;

    private const int WriteAttemptsMax = 4;
    private const string Component = "skep";

    private static readonly Meter _meter = new("Skep.Events");
    private static readonly Counter<long> _written = _meter.CreateCounter<long>("skep.events", description: "Events about resources, by result.");

    private readonly Channel<Event> _queue = Channel.CreateBounded<Event>(new BoundedChannelOptions(QueueMax) { SingleReader = true });

    /// <summary>Records that something went as it should.</summary>
    public void Normal(Kind kind, ResourceObject about, string reason, string message) => Record("Normal", kind, about.Metadata, reason, message);

    /// <summary>Records that something went wrong.</summary>
    public void Warning(Kind kind, ResourceObject about, string reason, string message) => Record("Warning", kind, about.Metadata, reason, message);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var next in _queue.Reader.ReadAllAsync(stoppingToken))
            {
                try
                {
                    await WriteAsync(next, stoppingToken);
                    _written.Add(1, new KeyValuePair<string, object?>("result", "written"));
                }
                catch (ResourceException ex)
                {
                    // The namespace may be on its way out, or the disk full: what happened matters more than its record.
                    _written.Add(1, new KeyValuePair<string, object?>("result", "failed"));
                    LogNotWritten(ex, next.Reason, next.InvolvedObject.Kind, next.InvolvedObject.Name);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private void Record(string type, Kind kind, ObjectMeta about, string reason, string message)
    {
        if (message.Length > MessageMax)
            message = message[..MessageMax];
        var now = client.Time.GetUtcNow();
        // The name is made of what events must have in common to be counted as one, so no index of them is needed.
        var identity = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', kind.GroupResource, about.Namespace, about.Name, about.Uid, type, reason, message)));
        var name = about.Name[..Math.Min(about.Name.Length, ResourceName.LengthMax - 17)].TrimEnd('-', '.');
        var value = new Event
        {
            Metadata = { Name = $"{name}.{Convert.ToHexStringLower(identity.AsSpan(0, 8))}", Namespace = string.IsNullOrEmpty(about.Namespace) ? "default" : about.Namespace },
            InvolvedObject =
            {
                ApiVersion = kind.ApiVersion, Kind = kind.Name, Namespace = about.Namespace, Name = about.Name, Uid = about.Uid,
                ResourceVersion = about.ResourceVersion,
            },
            Type = type,
            Reason = reason,
            Message = message,
            Count = 1,
            FirstTimestamp = now,
            LastTimestamp = now,
            ReportingComponent = Component,
        };
        if (!_queue.Writer.TryWrite(value))
            _written.Add(1, new KeyValuePair<string, object?>("result", "dropped"));
    }

    private async Task WriteAsync(Event value, CancellationToken ct)
    {
        var key = CoreKinds.Event.Key(value.Metadata.Namespace!, value.Metadata.Name);
        for (var attempt = 1; ; attempt++)
        {
            var counted = await client.ModifyAsync(
                CoreKinds.Event,
                key,
                e =>
                {
                    e.Count = (e.Count ?? 1) + 1;
                    e.LastTimestamp = value.LastTimestamp;
                    e.InvolvedObject.ResourceVersion = value.InvolvedObject.ResourceVersion;
                    return true;
                },
                ct);
            if (counted is not null)
                return;
            try
            {
                await client.CreateAsync(CoreKinds.Event, value, ct);
                return;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.AlreadyExists && attempt < WriteAttemptsMax)
            {
                // It appeared in between: count it up instead.
            }
        }
    }

    [LoggerMessage(EventId = 210, Level = LogLevel.Debug, Message = "event {Reason} about {Kind} {Name} was not written")]
    private partial void LogNotWritten(Exception exception, string? reason, string? kind, string? name);
}
