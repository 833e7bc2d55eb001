using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Skep.Core.Observability;

/// <summary>
/// Gathers the measurements of all meters of the process and writes them in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). Make one at start; it sees nothing from before.
/// Thread-safe.
/// </summary>
public sealed class PrometheusMetrics : IDisposable
{
    /// <summary>The Content-Type of what <see cref="Write"/> writes.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly double[] _secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private static readonly double[] _bytesBounds = [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];
    private static readonly double[] _otherBounds = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

    private readonly Lock _scrapeLock = new();
    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private long _observeErrors;

    /// <summary>Listens to the meters that the predicate wants, by name.</summary>
    public PrometheusMetrics(Func<string, bool> wantsMeter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (wantsMeter(instrument.Meter.Name) && FamilyOf(instrument) is { } family)
                listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => ((MetricFamily)state!).Record((double)value, tags));
        _listener.Start();
    }

    /// <summary>Listens to all meters.</summary>
    public PrometheusMetrics()
        : this(static _ => true)
    {
    }

    /// <summary>Writes all metrics, ordered by name.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        lock (_scrapeLock)
        {
            foreach (var family in _families.Values.Where(f => f.IsObservable))
                family.ForgetObserved();
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException ex)
            {
                // The instruments that could be asked are in; how many could not is a metric itself.
                _observeErrors += ex.InnerExceptions.Count;
            }

            var text = new StringBuilder();
            foreach (var family in _families.Values.OrderBy(f => f.Name, StringComparer.Ordinal))
            {
                text.Clear();
                WriteFamily(text, family);
                Flush(text, output);
            }

            text.Clear();
            text.Append("# HELP skep_metrics_observe_errors_total Instruments that failed when they were asked for their value.\n");
            text.Append("# TYPE skep_metrics_observe_errors_total counter\n");
            text.Append(CultureInfo.InvariantCulture, $"skep_metrics_observe_errors_total {_observeErrors}\n");
            Flush(text, output);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static void WriteFamily(StringBuilder text, MetricFamily family)
    {
        var hasHead = false;
        foreach (var series in family.Series)
        {
            if (family.IsObservable && !series.IsSeen)
                continue;
            if (!hasHead)
            {
                hasHead = true;
                if (family.Help.Length > 0)
                    text.Append("# HELP ").Append(family.Name).Append(' ').Append(family.Help).Append('\n');
                text.Append("# TYPE ").Append(family.Name).Append(' ').Append(TypeName(family.Type)).Append('\n');
            }

            if (family.Type is MetricType.Histogram)
                WriteHistogram(text, family, series);
            else
                WriteSample(text, family.Name, "", series.Labels, "", series.Value);
        }
    }

    private static void WriteHistogram(StringBuilder text, MetricFamily family, MetricSeries series)
    {
        var (buckets, sum, count) = series.Snapshot();
        var below = 0L;
        for (var i = 0; i < buckets.Length; i++)
        {
            below += buckets[i];
            var bound = i < family.Bounds!.Length ? Number(family.Bounds[i]) : "+Inf";
            WriteSample(text, family.Name, "_bucket", series.Labels, $"le=\"{bound}\"", below);
        }

        WriteSample(text, family.Name, "_sum", series.Labels, "", sum);
        WriteSample(text, family.Name, "_count", series.Labels, "", count);
    }

    private static void WriteSample(StringBuilder text, string name, string suffix, string labels, string moreLabels, double value)
    {
        text.Append(name).Append(suffix);
        if (labels.Length + moreLabels.Length > 0)
        {
            text.Append('{').Append(labels);
            if (labels.Length > 0 && moreLabels.Length > 0)
                text.Append(',');
            text.Append(moreLabels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static string TypeName(MetricType type) => type switch
    {
        MetricType.Counter or MetricType.ObservableCounter => "counter",
        MetricType.Histogram => "histogram",
        _ => "gauge",
    };

    private static void Flush(StringBuilder text, IBufferWriter<byte> output)
    {
        foreach (var chunk in text.GetChunks())
            Encoding.UTF8.GetBytes(chunk.Span, output);
    }

    private static double[] BoundsOf(Instrument instrument) =>
        Advised(instrument) ?? instrument.Unit switch
        {
            "s" => _secondsBounds,
            "By" => _bytesBounds,
            _ => _otherBounds,
        };

    private static double[]? Advised(Instrument instrument) => instrument switch
    {
        Histogram<double> h => h.Advice?.HistogramBucketBoundaries?.ToArray(),
        Histogram<float> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray(),
        Histogram<long> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray(),
        Histogram<int> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray(),
        _ => null,
    };

    /// <summary>
    /// The family of an instrument. Instruments of one name and type share it, as those of two hosts in one process do;
    /// one that has the name of another type cannot be shown.
    /// </summary>
    private MetricFamily? FamilyOf(Instrument instrument)
    {
        if (MetricFamily.TypeOf(instrument) is not { } type)
            return null;
        var name = PrometheusName.Of(instrument, type is MetricType.Counter or MetricType.ObservableCounter);
        var help = (instrument.Description ?? "").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        var family = _families.GetOrAdd(name, _ => new MetricFamily(name, help, type, type is MetricType.Histogram ? BoundsOf(instrument) : null));
        return family.Type == type ? family : null;
    }
}
