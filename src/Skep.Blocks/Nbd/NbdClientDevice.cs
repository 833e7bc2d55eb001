namespace Skep.Blocks.Nbd;

/// <summary>
/// An export of another server as a device. It owns its client. The allocation is known when the client has the context
/// <c>base:allocation</c>; otherwise everything counts as data.
/// </summary>
public sealed class NbdClientDevice : IBlockDevice, INbdMetaContexts
{
    private readonly NbdClient _client;
    private readonly bool _hasAllocation;
    private readonly string[] _contextNames;

    /// <summary>Wraps a connected client.</summary>
    public NbdClientDevice(NbdClient client)
    {
        _client = client;
        _hasAllocation = client.MetaContexts.Contains(NbdProtocol.BaseAllocation, StringComparer.Ordinal);
        _contextNames = [.. client.MetaContexts.Where(c => c != NbdProtocol.BaseAllocation)];
        Traits = new BlockDeviceTraits
        {
            IsReadOnly = client.IsReadOnly,
            BlockSizeMin = client.BlockSizeMin,
            BlockSizePreferred = client.BlockSizePreferred,
            // One connection is all that there is here: a flush of it covers what went through it.
            IsFlushShared = true,
            CanTrim = client.CanTrim,
            CanResize = client.CanResize,
        };
    }

    /// <inheritdoc/>
    public long SizeBytes => _client.SizeBytes;

    /// <inheritdoc/>
    public BlockDeviceTraits Traits { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ContextNames => _contextNames;

    /// <inheritdoc/>
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct) =>
        TranslateAsync(_client.ReadAsync(offset, destination, ct));

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct) =>
        TranslateAsync(_client.WriteAsync(offset, source, isDurable, ct));

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken ct) => TranslateAsync(_client.FlushAsync(ct));

    /// <inheritdoc/>
    /// <remarks>NBD's trim promises nothing of what is read afterwards, so that zeroes are written, as holes where the server can.</remarks>
    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) =>
        _client.CanWriteZeroes ? WriteZeroesAsync(offset, length, isDurable ? ZeroOptions.Durable : ZeroOptions.None, ct) : ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct)
    {
        if (_client.CanWriteZeroes && ((options & ZeroOptions.Fast) == ZeroOptions.None || _client.CanFastZero))
            return TranslateAsync(_client.WriteZeroesAsync(offset, length, options, ct));
        if ((options & ZeroOptions.Fast) != ZeroOptions.None)
            throw new BlockDeviceException(BlockError.NotSupported, "the NBD server has no quick zeroes");
        return WriteDataZeroesAsync(offset, length, (options & ZeroOptions.Durable) != ZeroOptions.None, ct);
    }

    /// <inheritdoc/>
    public ValueTask PrefetchAsync(long offset, long length, CancellationToken ct) => TranslateAsync(_client.CacheAsync(offset, length, ct));

    /// <inheritdoc/>
    public async ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct)
    {
        if (!_hasAllocation)
        {
            extents.Span[0] = new BlockExtent(length, IsHole: false, IsZero: false);
            return 1;
        }

        var found = new NbdExtent[Math.Min(extents.Length, 4096)];
        var count = await TranslateAsync(_client.DescribeAsync(NbdProtocol.BaseAllocation, offset, length, found, ct));
        for (var i = 0; i < count; i++)
            extents.Span[i] = new BlockExtent(found[i].LengthBytes, (found[i].Flags & NbdProtocol.NBD_STATE_HOLE) != 0, (found[i].Flags & NbdProtocol.NBD_STATE_ZERO) != 0);
        return count;
    }

    /// <inheritdoc/>
    public ValueTask<int> DescribeContextAsync(int contextIndex, long offset, long length, Memory<NbdExtent> extents, CancellationToken ct) =>
        TranslateAsync(_client.DescribeAsync(_contextNames[contextIndex], offset, length, extents, ct));

    /// <inheritdoc/>
    public ValueTask ResizeAsync(long sizeBytes, CancellationToken ct) => TranslateAsync(_client.ResizeAsync(sizeBytes, ct));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private async ValueTask WriteDataZeroesAsync(long offset, long length, bool isDurable, CancellationToken ct)
    {
        var zeroes = new byte[(int)Math.Min(length, 1 << 20)];
        while (length > 0)
        {
            var part = (int)Math.Min(zeroes.Length, length);
            await TranslateAsync(_client.WriteAsync(offset, zeroes.AsMemory(0, part), isDurable, ct));
            offset += part;
            length -= part;
        }
    }

    /// <summary>A broken connection is to users of a device a failed device.</summary>
    private static async ValueTask TranslateAsync(ValueTask call)
    {
        try
        {
            await call;
        }
        catch (NbdException ex)
        {
            throw new BlockDeviceException(BlockError.Io, ex.Message, ex);
        }
    }

    private static async ValueTask<T> TranslateAsync<T>(ValueTask<T> call)
    {
        try
        {
            return await call;
        }
        catch (NbdException ex)
        {
            throw new BlockDeviceException(BlockError.Io, ex.Message, ex);
        }
    }
}
