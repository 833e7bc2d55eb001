namespace Skep.Blocks.Log;

/// <summary>A volume as it was at a record of its manifest log, for reading. Thread-safe: its map does not change.</summary>
internal sealed class LogSnapshotDevice(string what, VolumeState state, BlockReader blocks) : IBlockDevice
{
    public long SizeBytes => state.SizeBytes;

    public BlockDeviceTraits Traits { get; } = new() { BlockSizeMin = Extent.SectorBytes, IsReadOnly = true, CanTrim = false };

    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        foreach (var extent in Find(offset, destination.Length))
        {
            var part = destination.Slice((int)((long)extent.Start * Extent.SectorBytes - offset), (int)extent.Length * Extent.SectorBytes);
            if (!extent.IsData)
            {
                part.Span.Clear();
                continue;
            }
            try
            {
                await blocks.ReadAsync(SourceOf(extent), extent.Offset, part, ct);
            }
            catch (ObjectGoneException ex)
            {
                throw Gone(ex);
            }
        }
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct) => throw ReadOnly();

    public ValueTask FlushAsync(CancellationToken ct) => default;

    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) => throw ReadOnly();

    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct) => throw ReadOnly();

    public async ValueTask PrefetchAsync(long offset, long length, CancellationToken ct)
    {
        try
        {
            foreach (var extent in Find(offset, length))
                if (extent.IsData)
                    await blocks.PrefetchAsync(SourceOf(extent), extent.Offset, extent.Length, ct);
        }
        catch (ObjectGoneException ex)
        {
            throw Gone(ex);
        }
    }

    public ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct)
    {
        int count = 0;
        var span = extents.Span;
        foreach (var extent in Find(offset, length))
        {
            var run = new BlockExtent((long)extent.Length * Extent.SectorBytes, extent.Source == Extent.Hole, !extent.IsData);
            if (count > 0 && span[count - 1].IsHole == run.IsHole && span[count - 1].IsZero == run.IsZero)
                span[count - 1] = run with { LengthBytes = span[count - 1].LengthBytes + run.LengthBytes };
            else if (count == span.Length)
                break;
            else
                span[count++] = run;
        }
        return ValueTask.FromResult(count);
    }

    public ValueTask ResizeAsync(long sizeBytes, CancellationToken ct) => throw ReadOnly();

    public ValueTask DisposeAsync() => default;

    /// <summary>The extents of a range, holes included.</summary>
    private List<Extent> Find(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > state.SizeBytes - length || ((offset | length) & (Extent.SectorBytes - 1)) != 0)
            throw new BlockDeviceException(BlockError.OutOfRange, $"{what}: {length} bytes at {offset} are not whole sectors within its {state.SizeBytes} bytes");
        List<Extent> found = [], all = [];
        ulong at = (ulong)offset / Extent.SectorBytes, end = (ulong)(offset + length) / Extent.SectorBytes;
        state.Map.Collect(at, end, found);
        foreach (var extent in found)
        {
            AddHole(extent.Start);
            all.Add(extent);
            at = extent.End;
        }
        AddHole(end);
        return all;

        void AddHole(ulong to)
        {
            for (; at < to; at += all[^1].Length)
                all.Add(new Extent(at, (uint)Math.Min(to - at, Extent.LengthMax), Extent.Hole, 0));
        }
    }

    private SourceObject SourceOf(in Extent extent)
    {
        var entry = state.Objects[extent.Source];
        return new SourceObject(entry.Id, state.ObjectKey(entry), entry.Epoch, entry.HeaderBytes, state.Origins[entry.Origin].VolumeId);
    }

    private BlockDeviceException Gone(ObjectGoneException cause) =>
        new(BlockError.Io, $"{what} needs an object that is gone: {cause.Message}", cause);

    private BlockDeviceException ReadOnly() => new(BlockError.ReadOnly, $"{what} can only be read");
}
