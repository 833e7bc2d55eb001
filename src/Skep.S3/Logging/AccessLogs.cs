using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Skep.Core.Identity.Policies;
using Skep.Objects;
using Skep.S3.Documents;
using Skep.S3.Policies;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Logging;

/// <summary>
/// Takes the lines of answered requests. No request waits: lines that the spool does not take quickly enough are dropped and
/// counted. Thread-safe.
/// </summary>
internal sealed class AccessLogs : IDisposable
{
    /// <summary>Who delivers logs, in the words of policies.</summary>
    private const string Service = "logging.s3.amazonaws.com";

    private const int QueueMax = 4_096;

    private readonly ObjectStoreHost _host;
    private readonly BucketPolicies _policies;
    private readonly TimeProvider _time;
    private readonly ParsedDocuments<LogSettings> _settings = new(LoggingConfiguration.SubResource, static d => new LogSettings(LoggingConfiguration.Parse(XmlDocumentReader.Read(d))));
    private readonly Channel<SpooledLine> _lines = Channel.CreateBounded<SpooledLine>(new BoundedChannelOptions(QueueMax) { SingleReader = true });
    private readonly Meter _meter = new("Skep.S3.Logs");
    private readonly Counter<long> _dropped;

    public AccessLogs(ObjectStoreHost host, BucketPolicies policies, TimeProvider time)
    {
        (_host, _policies, _time) = (host, policies, time);
        _dropped = _meter.CreateCounter<long>("skep.s3.log.lines.dropped", description: "Lines of access logs that were not kept.");
    }

    /// <summary>Lines that are not in the spool yet.</summary>
    public ChannelReader<SpooledLine> Lines => _lines.Reader;

    /// <summary>Counts lines that were dropped.</summary>
    public void Drop(long count = 1) => _dropped.Add(count);

    /// <summary>Where requests to a bucket are logged; null for nowhere.</summary>
    public async ValueTask<LogTarget?> FindTargetAsync(string bucket, CancellationToken ct)
    {
        try
        {
            return (await _settings.FindAsync(_host.Backend, bucket, ct))?.Target;
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchBucket)
        {
            return null;
        }
    }

    /// <summary>Logs an answered request, if its bucket wants that.</summary>
    public async ValueTask WriteAsync(S3Call call, S3Operation operation, string? error, TimeSpan total)
    {
        // The client may be gone; what it asked is logged.
        if (await FindTargetAsync(call.Bucket, CancellationToken.None) is null)
            return;
        if (!_lines.Writer.TryWrite(new SpooledLine(call.Bucket, AccessLogLine.Write(call, operation, error, _time.GetUtcNow(), total))))
            Drop();
    }

    /// <summary>Whether the target's policy lets the log delivery put a bucket's logs there.</summary>
    public async ValueTask<bool> MayDeliverAsync(LogTarget target, BucketInfo bucket, string source, CancellationToken ct)
    {
        Policy? policy;
        try
        {
            policy = await _policies.FindAsync(_host.Backend, target.Bucket, ct);
        }
        catch (PolicyException)
        {
            return false; // a policy that cannot be read allows nothing
        }

        var question = new PolicyRequest
        {
            Principal = new PolicyPrincipal { Kind = PolicyPrincipalKind.Service, AccountId = "", Arn = Service, UserId = Service },
            Action = "s3:PutObject",
            Resource = $"arn:aws:s3:::{target.Bucket}/{target.Prefix}log",
            ResourceAccount = bucket.Owner,
            Time = _time.GetUtcNow(),
        };
        question.With("aws:SourceArn", $"arn:aws:s3:::{source}").With("aws:SourceAccount", bucket.Owner).With("aws:SecureTransport", "true");
        return PolicyEvaluator.Evaluate(new PolicySet { Identity = [], Resource = policy }, question).IsAllowed;
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private sealed record LogSettings(LogTarget? Target);
}
