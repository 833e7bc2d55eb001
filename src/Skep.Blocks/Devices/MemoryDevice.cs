namespace Skep.Blocks.Devices;

/// <summary>A disk in memory; nothing is kept. For tests and for measuring what is in front of a disk.</summary>
public sealed class MemoryDevice : IBlockDevice
{
    private const int PageSize = 64 << 10;

    private readonly Lock _lock = new();
    private byte[]?[] _pages;
    private long _sizeBytes;

    /// <summary>Makes a disk of zeroes.</summary>
    public MemoryDevice(long sizeBytes, BlockDeviceTraits? traits = null)
    {
        _sizeBytes = sizeBytes;
        _pages = new byte[]?[PageCount(sizeBytes)];
        Traits = traits ?? new BlockDeviceTraits { CanResize = true };
    }

    /// <inheritdoc/>
    public long SizeBytes => Volatile.Read(ref _sizeBytes);

    /// <inheritdoc/>
    public BlockDeviceTraits Traits { get; }

    /// <inheritdoc/>
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        var span = destination.Span;
        while (span.Length > 0)
        {
            var (page, start, length) = Part(offset, span.Length);
            if (page is null)
                span[..length].Clear();
            else
                page.AsSpan(start, length).CopyTo(span);
            span = span[length..];
            offset += length;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct)
    {
        var span = source.Span;
        while (span.Length > 0)
        {
            var (page, start, length) = Part(offset, span.Length);
            page ??= Materialise(offset);
            span[..length].CopyTo(page.AsSpan(start));
            span = span[length..];
            offset += length;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken ct) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) => WriteZeroesAsync(offset, length, ZeroOptions.None, ct);

    /// <inheritdoc/>
    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct)
    {
        while (length > 0)
        {
            var (page, start, part) = Part(offset, length);
            if (part == PageSize && (options & ZeroOptions.KeepAllocated) == ZeroOptions.None)
            {
                lock (_lock)
                    _pages[offset / PageSize] = null;
            }
            else if (page is not null || (options & ZeroOptions.KeepAllocated) != ZeroOptions.None)
            {
                (page ?? Materialise(offset)).AsSpan(start, part).Clear();
            }

            offset += part;
            length -= part;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask PrefetchAsync(long offset, long length, CancellationToken ct) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct)
    {
        var span = extents.Span;
        var count = 0;
        while (length > 0)
        {
            var (page, _, part) = Part(offset, length);
            var isHole = page is null;
            if (count > 0 && span[count - 1] is var before && before.IsHole == isHole)
                span[count - 1] = before with { LengthBytes = before.LengthBytes + part };
            else if (count == span.Length)
                break;
            else
                span[count++] = new BlockExtent(part, isHole, isHole);
            offset += part;
            length -= part;
        }

        return new ValueTask<int>(count);
    }

    /// <inheritdoc/>
    public ValueTask ResizeAsync(long sizeBytes, CancellationToken ct)
    {
        lock (_lock)
        {
            // What was cut off does not come back.
            if (sizeBytes < _sizeBytes && _pages[..PageCount(sizeBytes)] is [.., { } last] && sizeBytes % PageSize is not 0 and var used)
                last.AsSpan((int)used).Clear();
            Array.Resize(ref _pages, PageCount(sizeBytes));
            Volatile.Write(ref _sizeBytes, sizeBytes);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static int PageCount(long sizeBytes) => checked((int)((sizeBytes + PageSize - 1) / PageSize));

    private (byte[]? Page, int Start, int Length) Part(long offset, long length)
    {
        var start = (int)(offset % PageSize);
        return (Volatile.Read(ref _pages[offset / PageSize]), start, (int)Math.Min(length, PageSize - start));
    }

    private byte[] Materialise(long offset)
    {
        lock (_lock)
            return _pages[offset / PageSize] ??= new byte[PageSize];
    }
}
