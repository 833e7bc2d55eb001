namespace Skep.Blocks.Devices;

/// <summary>
/// A disk of which every request fails. It takes the place of one that cannot be served any more, so that whoever waits for
/// that gets an answer.
/// </summary>
/// <param name="sizeBytes">The size of the disk whose place it takes: clients refuse a server that comes back with another.</param>
public sealed class FailingDevice(long sizeBytes) : IBlockDevice
{
    /// <inheritdoc/>
    public long SizeBytes { get; } = sizeBytes;

    /// <inheritdoc/>
    public BlockDeviceTraits Traits { get; } = new();

    /// <inheritdoc/>
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct) => FailAsync();

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct) => FailAsync();

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken ct) => FailAsync();

    /// <inheritdoc/>
    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) => FailAsync();

    /// <inheritdoc/>
    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct) => FailAsync();

    /// <inheritdoc/>
    public ValueTask PrefetchAsync(long offset, long length, CancellationToken ct) => FailAsync();

    /// <inheritdoc/>
    public ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct) => ValueTask.FromException<int>(Failure());

    /// <inheritdoc/>
    public ValueTask ResizeAsync(long sizeBytes, CancellationToken ct) => FailAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static ValueTask FailAsync() => ValueTask.FromException(Failure());

    private static BlockDeviceException Failure() => new(BlockError.Io, "the disk cannot be served any more");
}
