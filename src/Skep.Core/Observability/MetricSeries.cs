namespace Skep.Core.Observability;

/// <summary>One set of labels of a metric family and its value. Thread-safe.</summary>
internal sealed class MetricSeries(string labels, double[]? bounds)
{
    private readonly Lock _lock = new();
    private readonly long[] _buckets = bounds is null ? [] : new long[bounds.Length + 1];
    private double _value;
    private long _count;

    /// <summary>Labels without braces.</summary>
    public string Labels { get; } = labels;

    /// <summary>Whether an observable instrument reported it at this scrape.</summary>
    public bool IsSeen { get; set; }

    /// <summary>Adds to a counter.</summary>
    public void Add(double value)
    {
        var seen = Volatile.Read(ref _value);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref _value, seen + value, seen);
            // Compared as bits: a sum that is not a number would never equal itself.
            if (BitConverter.DoubleToInt64Bits(before) == BitConverter.DoubleToInt64Bits(seen))
                return;
            seen = before;
        }
    }

    /// <summary>Sets a gauge.</summary>
    public void Set(double value)
    {
        Volatile.Write(ref _value, value);
        IsSeen = true;
    }

    /// <summary>Counts a value in a histogram.</summary>
    public void Observe(double value)
    {
        var bucket = Array.BinarySearch(bounds!, value);
        if (bucket < 0)
            bucket = ~bucket; // bounds are inclusive, so an exact hit belongs to its own bucket
        lock (_lock)
        {
            _buckets[bucket]++;
            _value += value;
            _count++;
        }
    }

    /// <summary>The value of a counter or gauge.</summary>
    public double Value => Volatile.Read(ref _value);

    /// <summary>A histogram's counts by bucket, its sum and its count, of one moment.</summary>
    public (long[] Buckets, double Sum, long Count) Snapshot()
    {
        lock (_lock)
            return ([.. _buckets], _value, _count);
    }
}
