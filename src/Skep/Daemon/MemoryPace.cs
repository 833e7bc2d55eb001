namespace Skep.Daemon;

/// <summary>When memory is worth giving back; asked once a second. Not thread-safe.</summary>
internal sealed class MemoryPace
{
    /// <summary>Pages of files that have come back since they were last released: a release costs the first touch of each that is in use.</summary>
    private const long ReleaseBytes = 4 * 1024 * 1024;

    /// <summary>What has come since the last collection, at least, and in a large heap a quarter: collecting stops all threads.</summary>
    private const long CollectBytes = 8 * 1024 * 1024;

    /// <summary>Calm is less than this of one processor's time in a second: what serves disks works without allocating.</summary>
    private static readonly TimeSpan _calmTime = TimeSpan.FromMilliseconds(50);

    /// <summary>So many calm seconds in a row are the end of the work; the garbage of starting goes at the same time.</summary>
    private const int CalmTicks = 5;

    private long _released;
    private long? _collected;
    private TimeSpan _used;
    private int _calm;

    /// <summary>Whether to collect all garbage now: at the first calm, and whenever it follows much work.</summary>
    /// <param name="processorTime">Used since the program started.</param>
    /// <param name="heapBytes">What the collector holds.</param>
    public bool IsCollectionDue(TimeSpan processorTime, long heapBytes)
    {
        _calm = processorTime - _used < _calmTime ? _calm + 1 : 0;
        _used = processorTime;
        return _calm >= CalmTicks && (_collected is not { } left || heapBytes - left >= Math.Max(CollectBytes, left / 4));
    }

    /// <summary>A collection has left so much.</summary>
    public void Collected(long heapBytes) => _collected = heapBytes;

    /// <summary>Whether to release the pages of files now.</summary>
    /// <param name="residentBytes">How many there are.</param>
    public bool IsReleaseDue(long residentBytes) => residentBytes - _released >= ReleaseBytes;

    /// <summary>A release has left so many.</summary>
    public void Released(long residentBytes) => _released = residentBytes;
}
