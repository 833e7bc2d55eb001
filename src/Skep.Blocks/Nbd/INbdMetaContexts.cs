namespace Skep.Blocks.Nbd;

/// <summary>
/// What a device implements beside <see cref="IBlockDevice"/> to answer NBD_CMD_BLOCK_STATUS for more contexts than
/// <c>base:allocation</c>, such as <c>qemu:dirty-bitmap:NAME</c>.
/// </summary>
public interface INbdMetaContexts
{
    /// <summary>Full names: a namespace, a colon, a leaf. Does not change while the device is open.</summary>
    IReadOnlyList<string> ContextNames { get; }

    /// <summary>
    /// Describes a range in extents that follow each other from <paramref name="offset"/>, as many as there is room for;
    /// the last may reach beyond the range.
    /// </summary>
    /// <param name="contextIndex">The place of the context in <see cref="ContextNames"/>.</param>
    /// <param name="offset">First byte, within the device.</param>
    /// <param name="length">Bytes, more than 0.</param>
    /// <param name="extents">Where to put the answer; has room for at least one.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many extents were written, at least 1.</returns>
    ValueTask<int> DescribeContextAsync(int contextIndex, long offset, long length, Memory<NbdExtent> extents, CancellationToken ct);
}

/// <summary>A run of bytes with one status in some context.</summary>
/// <param name="LengthBytes">How many bytes, more than 0.</param>
/// <param name="Flags">The context's flags (for a dirty bitmap: bit 0 is "written since").</param>
public readonly record struct NbdExtent(long LengthBytes, uint Flags);
