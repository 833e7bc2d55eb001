using System.Runtime.InteropServices;
using static Skep.Blocks.Devices.FileCalls;

namespace Skep.Blocks.Devices;

/// <summary>Where the file has data.</summary>
public sealed partial class FileDevice
{
    // Looking for the end of data walks all extents up to it, in a big file thousands: what was found is remembered until
    // something punches a hole. Writes only make more data, which is no harm.
    private volatile DataRange? _knownData;

    /// <inheritdoc/>
    public ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct)
    {
        var span = extents.Span;
        var count = 0;
        for (var end = Math.Min(offset + length, SizeBytes); offset < end && count < span.Length;)
        {
            var extent = DescribeOne(offset);
            span[count++] = extent;
            offset += extent.LengthBytes;
        }

        return new ValueTask<int>(count);
    }

    private BlockExtent DescribeOne(long offset)
    {
        if (_knownData is { } known && offset >= known.Start && offset < known.End)
            return new BlockExtent(known.End - offset, IsHole: false, IsZero: false);
        var size = SizeBytes;
        var data = Seek(_file, offset, SEEK_DATA);
        if (data < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            // ENXIO: there is no data up to the end. Anything else: it cannot be known, and data is always true.
            return errno == ENXIO ? new BlockExtent(size - offset, IsHole: true, IsZero: true) : new BlockExtent(size - offset, IsHole: false, IsZero: false);
        }

        if (data > offset)
            return new BlockExtent(Math.Min(data, size) - offset, IsHole: true, IsZero: true);
        var generation = Volatile.Read(ref _punchCount);
        var hole = Seek(_file, offset, SEEK_HOLE);
        var end = hole > offset ? Math.Min(hole, size) : size;
        var found = new DataRange(offset, end);
        _knownData = found;
        // A hole that was punched meanwhile is not to be hidden.
        if (Volatile.Read(ref _punchCount) != generation)
            _knownData = null;
        return new BlockExtent(end - offset, IsHole: false, IsZero: false);
    }

    private int _punchCount;

    private void ForgetData()
    {
        Interlocked.Increment(ref _punchCount);
        _knownData = null;
    }

    private sealed record DataRange(long Start, long End);
}
