using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Skep.Core.Observability;

/// <summary>How the values of an instrument become a metric.</summary>
internal enum MetricType
{
    /// <summary>Sums what is added.</summary>
    Counter,

    /// <summary>Sums what is added, up and down.</summary>
    UpDownCounter,

    /// <summary>Counts values in buckets.</summary>
    Histogram,

    /// <summary>Keeps the last value.</summary>
    Gauge,

    /// <summary>Asked for its total at every scrape.</summary>
    ObservableCounter,

    /// <summary>Asked for its value at every scrape.</summary>
    ObservableGauge,
}

/// <summary>
/// A metric with all its series. The number of series is bounded: measurements of further tag sets go to one series that
/// says so. Thread-safe.
/// </summary>
internal sealed class MetricFamily
{
    /// <summary>Series of one family; a tag whose values never repeat must not fill the memory.</summary>
    public const int SeriesMax = 1_000;

    /// <summary>OpenTelemetry's label of the series that takes what is too much.</summary>
    private const string OverflowLabels = "otel_metric_overflow=\"true\"";

    private readonly ConcurrentDictionary<TagSet, MetricSeries> _byTags = new(TagSet.Comparer.Instance);
    private readonly ConcurrentDictionary<TagSet, MetricSeries>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _lookup;
    private readonly ConcurrentDictionary<string, MetricSeries> _byLabels = new(StringComparer.Ordinal);

    private int _tagSets;

    public MetricFamily(string name, string help, MetricType type, double[]? bounds)
    {
        (Name, Help, Type, Bounds) = (name, help, type, bounds);
        _lookup = _byTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
    }

    public string Name { get; }

    public string Help { get; }

    public MetricType Type { get; }

    /// <summary>Upper bounds of a histogram's buckets, rising, without infinity.</summary>
    public double[]? Bounds { get; }

    public bool IsObservable => Type is MetricType.ObservableCounter or MetricType.ObservableGauge;

    /// <summary>The series, ordered by their labels.</summary>
    public IEnumerable<MetricSeries> Series => _byLabels.Values.OrderBy(s => s.Labels, StringComparer.Ordinal);

    /// <summary>The type of an instrument; null for one that is unknown.</summary>
    public static MetricType? TypeOf(Instrument instrument)
    {
        var type = instrument.GetType();
        if (!type.IsGenericType)
            return null;
        var generic = type.GetGenericTypeDefinition();
        return generic == typeof(Counter<>) ? MetricType.Counter
            : generic == typeof(UpDownCounter<>) ? MetricType.UpDownCounter
            : generic == typeof(Histogram<>) ? MetricType.Histogram
            : generic == typeof(Gauge<>) ? MetricType.Gauge
            : generic == typeof(ObservableCounter<>) ? MetricType.ObservableCounter
            : generic == typeof(ObservableGauge<>) || generic == typeof(ObservableUpDownCounter<>) ? MetricType.ObservableGauge
            : null;
    }

    /// <summary>Takes one measurement.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_lookup.TryGetValue(tags, out var series))
            series = AddSeries(tags);
        switch (Type)
        {
            case MetricType.Histogram:
                series.Observe(value);
                break;
            case MetricType.Counter or MetricType.UpDownCounter:
                series.Add(value);
                break;
            default:
                series.Set(value);
                break;
        }
    }

    /// <summary>Before a scrape: what an observable instrument no longer reports is no longer shown.</summary>
    public void ForgetObserved()
    {
        foreach (var series in _byLabels.Values)
            series.IsSeen = false;
    }

    private MetricSeries AddSeries(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (Volatile.Read(ref _tagSets) >= SeriesMax)
            return _byLabels.GetOrAdd(OverflowLabels, static (labels, bounds) => new MetricSeries(labels, bounds), Bounds);
        // The same tags in another order are the same series.
        var set = new TagSet(tags);
        var series = _byLabels.GetOrAdd(set.ToLabels(), static (labels, bounds) => new MetricSeries(labels, bounds), Bounds);
        if (_byTags.TryAdd(set, series))
            Interlocked.Increment(ref _tagSets);
        return series;
    }
}
