using Skep.Blocks.Log;

namespace Skep.Blocks.Nbd;

/// <summary>A snapshot of a log-structured volume that also tells what has changed since each older one.</summary>
internal sealed class LogSnapshotChanges : IBlockDevice, INbdMetaContexts
{
    private const uint Dirty = 1;

    private readonly LogVolume _volume;
    private readonly LogSnapshot _snapshot;
    private readonly IBlockDevice _content;
    private readonly List<string> _older;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<int, IReadOnlyList<LogRange>> _changes = [];

    public LogSnapshotChanges(LogVolume volume, LogSnapshot snapshot, IBlockDevice content)
    {
        (_volume, _snapshot, _content) = (volume, snapshot, content);
        _older = [.. volume.Snapshots.Where(s => s.RecordNumber < snapshot.RecordNumber).Select(s => s.Id)];
        ContextNames = [.. _older.Select(LogVolumeExports.ChangesSince)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ContextNames { get; }

    /// <inheritdoc/>
    public long SizeBytes => _content.SizeBytes;

    /// <inheritdoc/>
    public BlockDeviceTraits Traits => _content.Traits;

    /// <inheritdoc/>
    public async ValueTask<int> DescribeContextAsync(int contextIndex, long offset, long length, Memory<NbdExtent> extents, CancellationToken ct)
    {
        var ranges = await ChangesAsync(contextIndex, ct);
        var (at, end) = (offset, Math.Min(offset + length, SizeBytes));
        var count = 0;
        for (var i = FirstEndingAfter(ranges, at); at < end && count < extents.Length; i++)
        {
            var (start, stop) = i < ranges.Count ? (Math.Min(ranges[i].Offset, end), Math.Min(ranges[i].Offset + ranges[i].LengthBytes, end)) : (end, end);
            if (start > at)
                extents.Span[count++] = new NbdExtent(start - at, 0);
            at = Math.Max(at, start);
            if (stop <= at || count == extents.Length)
                continue;
            extents.Span[count++] = new NbdExtent(stop - at, Dirty);
            at = stop;
        }

        return count;
    }

    /// <inheritdoc/>
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct) => _content.ReadAsync(offset, destination, ct);

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct) => _content.WriteAsync(offset, source, isDurable, ct);

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken ct) => _content.FlushAsync(ct);

    /// <inheritdoc/>
    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) => _content.TrimAsync(offset, length, isDurable, ct);

    /// <inheritdoc/>
    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct) => _content.WriteZeroesAsync(offset, length, options, ct);

    /// <inheritdoc/>
    public ValueTask PrefetchAsync(long offset, long length, CancellationToken ct) => _content.PrefetchAsync(offset, length, ct);

    /// <inheritdoc/>
    public ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct) => _content.DescribeAsync(offset, length, extents, ct);

    /// <inheritdoc/>
    public ValueTask ResizeAsync(long sizeBytes, CancellationToken ct) => _content.ResizeAsync(sizeBytes, ct);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _content.DisposeAsync();
        _gate.Dispose();
    }

    /// <summary>Computed when it is first asked for: most who open a snapshot ask for one context or none.</summary>
    private async Task<IReadOnlyList<LogRange>> ChangesAsync(int index, CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            if (!_changes.TryGetValue(index, out var ranges))
                _changes[index] = ranges = await _volume.ListChangedAsync(_older[index], _snapshot.Id, ct);
            return ranges;
        }
        finally
        {
            _gate.Release();
        }
    }

    private static int FirstEndingAfter(IReadOnlyList<LogRange> ranges, long offset)
    {
        var (low, high) = (0, ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].Offset + ranges[middle].LengthBytes > offset)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
