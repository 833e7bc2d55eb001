using System.Diagnostics.Metrics;

namespace Skep.Aws.Dispatch;

/// <summary>Measurements of the dialect.</summary>
internal sealed class AwsMetrics : IDisposable
{
    private readonly Meter _meter = new("Skep.Aws");
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _retries;

    public AwsMetrics()
    {
        _duration = _meter.CreateHistogram<double>("skep.aws.request.duration", "s", "Time to answer an AWS request.");
        _retries = _meter.CreateCounter<long>("skep.aws.transaction.retries", "{retry}", "Attempts repeated because others wrote in between.");
    }

    /// <summary>One answered request. Unknown operations share one name, so that callers cannot make series.</summary>
    public void Answered(string service, string operation, string? errorCode, TimeSpan duration) =>
        _duration.Record(
            duration.TotalSeconds,
            new KeyValuePair<string, object?>("service", service),
            new KeyValuePair<string, object?>("operation", operation),
            new KeyValuePair<string, object?>("error", errorCode ?? ""));

    public void Retried(string operation) => _retries.Add(1, new KeyValuePair<string, object?>("operation", operation));

    public void Dispose() => _meter.Dispose();
}
