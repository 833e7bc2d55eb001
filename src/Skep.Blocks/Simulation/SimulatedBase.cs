namespace Skep.Blocks.Simulation;

/// <summary>What a simulated volume reads from until it is hydrated: slow at times, and failing where its session may see that.</summary>
internal sealed class SimulatedBase(byte[] content, SimulatedProcess process, SimulationRandom random, int failurePerMille) : IBlockDevice
{
    private const int DelayPerMille = 300;
    private static readonly TimeSpan _delayMax = TimeSpan.FromMilliseconds(200);

    public long SizeBytes => content.Length;

    public BlockDeviceTraits Traits { get; } = new() { IsReadOnly = true, CanTrim = false, BlockSizeMin = SectorStamp.SectorSize };

    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        if (random.Chance(DelayPerMille))
            await Task.Delay(random.Time(_delayMax), process.Time, ct);
        if (random.Chance(failurePerMille))
            throw new BlockDeviceException(BlockError.Io, $"simulated base: {destination.Length} bytes at {offset} cannot be read");
        content.AsMemory((int)offset, destination.Length).CopyTo(destination);
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct) => throw ReadOnly();

    public ValueTask FlushAsync(CancellationToken ct) => throw ReadOnly();

    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) => throw ReadOnly();

    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct) => throw ReadOnly();

    public ValueTask PrefetchAsync(long offset, long length, CancellationToken ct) => ValueTask.CompletedTask;

    public ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct)
    {
        extents.Span[0] = new BlockExtent(length, IsHole: false, IsZero: false);
        return ValueTask.FromResult(1);
    }

    public ValueTask ResizeAsync(long sizeBytes, CancellationToken ct) => throw ReadOnly();

    public ValueTask DisposeAsync() => throw new SimulationException(SimulationFailure.UnexpectedSuccess, "the base was disposed of by a volume that does not own it");

    private static SimulationException ReadOnly() => new(SimulationFailure.UnexpectedSuccess, "a volume did more with its base than to read it");
}
