namespace Skep.Blocks.Log;

/// <summary>
/// Finds sequential readers, a few at a time, and says what to fetch for them next: little at first, twice as much each
/// time. Not thread-safe.
/// </summary>
/// <param name="windowBytesMax">The farthest that is read ahead; 0 for never.</param>
internal sealed class ReadAhead(int windowBytesMax)
{
    private const int StreamCount = 4;
    private const int WindowBytesMin = 2 * DataObjectHeader.BlockBytes;

    private readonly Stream[] _streams = new Stream[StreamCount];
    private long _uses;

    private struct Stream
    {
        /// <summary>Where the reader's next read begins if it is sequential.</summary>
        public long Next;

        /// <summary>Up to where was fetched.</summary>
        public long Fetched;
        public int Window;
        public long Used;
    }

    /// <summary>Takes note of a read.</summary>
    /// <returns>What to fetch now; of length 0 for nothing.</returns>
    public LogRange OnRead(long offset, long length, long sizeBytes)
    {
        if (windowBytesMax == 0)
            return default;
        int at = 0;
        for (int i = 0; i < StreamCount; i++)
        {
            if (_streams[i].Used > 0 && _streams[i].Next == offset)
                return Advance(ref _streams[i], length, sizeBytes);
            if (_streams[i].Used < _streams[at].Used)
                at = i;
        }
        _streams[at] = new Stream { Next = offset + length, Fetched = offset + length, Used = ++_uses };
        return default;
    }

    private LogRange Advance(ref Stream stream, long length, long sizeBytes)
    {
        stream.Used = ++_uses;
        stream.Next += length;
        stream.Fetched = Math.Max(stream.Fetched, stream.Next);
        // Half a window is kept ahead of the reader, so that requests are large and the reader does not wait for them.
        if (stream.Fetched - stream.Next > stream.Window / 2)
            return default;
        stream.Window = Math.Min(windowBytesMax, Math.Max(WindowBytesMin, stream.Window * 2));
        long start = stream.Fetched;
        stream.Fetched = Math.Min(sizeBytes, stream.Next + stream.Window);
        return stream.Fetched > start ? new LogRange(start, stream.Fetched - start) : default;
    }
}
