namespace Skep.Blocks;

/// <summary>
/// A disk: what the NBD server exports and what volumes, files and snapshots are. Calls may overlap; a call that
/// completes synchronously does so without allocating. Offsets and lengths are bytes within <see cref="SizeBytes"/> and
/// multiples of <see cref="BlockDeviceTraits.BlockSizeMin"/>: the caller (an NBD session) checks, the device asserts.
/// Failures that a client may see are <see cref="BlockDeviceException"/>s.
/// </summary>
public interface IBlockDevice : IAsyncDisposable
{
    /// <summary>Size in bytes; changes only by <see cref="ResizeAsync"/>.</summary>
    long SizeBytes { get; }

    /// <summary>What the device can do; does not change.</summary>
    BlockDeviceTraits Traits { get; }

    /// <summary>Fills the buffer from the device.</summary>
    ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct);

    /// <summary>
    /// Writes. The data is durable after the next completed <see cref="FlushAsync"/> that began later, or on return when
    /// <paramref name="isDurable"/> (NBD's FUA). The buffer may be reused after the return.
    /// </summary>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct);

    /// <summary>Everything whose write had completed when this was called is durable when it returns.</summary>
    ValueTask FlushAsync(CancellationToken ct);

    /// <summary>Gives space back: the range reads as zeroes afterwards (a device that cannot promise that does nothing).</summary>
    ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct);

    /// <summary>The range reads as zeroes afterwards.</summary>
    /// <exception cref="BlockDeviceException"><see cref="BlockError.NotSupported"/> when <see cref="ZeroOptions.Fast"/> is asked and it would not be faster than writing.</exception>
    ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct);

    /// <summary>Brings a range near, so that a later read is quick; may do nothing.</summary>
    ValueTask PrefetchAsync(long offset, long length, CancellationToken ct);

    /// <summary>
    /// Describes the allocation of a range in extents that follow each other from <paramref name="offset"/>, as many as
    /// there is room for; the last may reach beyond the range.
    /// </summary>
    /// <returns>How many extents were written, at least 1.</returns>
    ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct);

    /// <summary>Changes the size; what is new reads as zeroes.</summary>
    ValueTask ResizeAsync(long sizeBytes, CancellationToken ct);
}

/// <summary>A run of bytes of one kind.</summary>
/// <param name="LengthBytes">How many bytes, more than 0.</param>
/// <param name="IsHole">No space is taken for it (NBD_STATE_HOLE).</param>
/// <param name="IsZero">It reads as zeroes (NBD_STATE_ZERO).</param>
public readonly record struct BlockExtent(long LengthBytes, bool IsHole, bool IsZero);

/// <summary>How zeroes are written.</summary>
[Flags]
public enum ZeroOptions
{
    None = 0,

    /// <summary>The range stays allocated (NBD_CMD_FLAG_NO_HOLE).</summary>
    KeepAllocated = 1,

    /// <summary>Only if quicker than writing zeroes as data (NBD_CMD_FLAG_FAST_ZERO).</summary>
    Fast = 2,

    /// <summary>Durable on return (NBD_CMD_FLAG_FUA).</summary>
    Durable = 4,
}
