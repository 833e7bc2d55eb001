using Skep.Blocks.Devices;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>A disk in memory whose calls a test may change.</summary>
internal abstract class WrappedDevice(long sizeBytes, BlockDeviceTraits? traits = null) : IBlockDevice
{
    public MemoryDevice Inner { get; } = new(sizeBytes, traits);

    public long SizeBytes => Inner.SizeBytes;

    public BlockDeviceTraits Traits => Inner.Traits;

    public virtual ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct) => Inner.ReadAsync(offset, destination, ct);

    public virtual ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct) => Inner.WriteAsync(offset, source, isDurable, ct);

    public virtual ValueTask FlushAsync(CancellationToken ct) => Inner.FlushAsync(ct);

    public virtual ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) => Inner.TrimAsync(offset, length, isDurable, ct);

    public virtual ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct) => Inner.WriteZeroesAsync(offset, length, options, ct);

    public virtual ValueTask PrefetchAsync(long offset, long length, CancellationToken ct) => Inner.PrefetchAsync(offset, length, ct);

    public virtual ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct) => Inner.DescribeAsync(offset, length, extents, ct);

    public virtual ValueTask ResizeAsync(long sizeBytes, CancellationToken ct) => Inner.ResizeAsync(sizeBytes, ct);

    public ValueTask DisposeAsync() => Inner.DisposeAsync();
}
