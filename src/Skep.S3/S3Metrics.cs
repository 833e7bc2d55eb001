using System.Diagnostics.Metrics;

namespace Skep.S3;

/// <summary>Measurements of the dialect.</summary>
internal sealed class S3Metrics : IDisposable
{
    private readonly Meter _meter = new("Skep.S3");
    private readonly Histogram<double> _duration;

    public S3Metrics() => _duration = _meter.CreateHistogram<double>("skep.s3.request.duration", "s", "Time to answer an S3 request, its bodies included.");

    /// <summary>One answered request. Requests without an operation share one name, so that callers cannot make series.</summary>
    public void Answered(string operation, string? errorCode, TimeSpan duration) =>
        _duration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("operation", operation), new KeyValuePair<string, object?>("error", errorCode ?? ""));

    public void Dispose() => _meter.Dispose();
}
