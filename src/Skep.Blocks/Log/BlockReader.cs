using System.Buffers;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

/// <summary>
/// Reads content of data objects: from memory, from the local cache, or by ranged GETs; whatever comes from the store or
/// the disk is checked before it is served or kept. Thread-safe.
/// </summary>
internal sealed class BlockReader(StoreReader store, BlockDecoder decoder, string volume, LogVolumeServices services)
{
    private const int HeadersMax = 1024;
    private const int MemoryBlocks = 64;
    private const int RunBlocksMax = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<uint, LoadedHeader> _headers = [];
    private readonly Queue<uint> _headerOrder = new();
    private readonly Dictionary<BlockKey, Task> _fetching = [];
    private readonly BlockMemory _memory = new(MemoryBlocks);

    private sealed record LoadedHeader(DataObjectHeader Header, byte[]? Key);

    public long Hits;

    public long Misses;

    /// <summary>The local cache, if there is one.</summary>
    public ReadCache? Cache { get; init; }

    /// <summary>How to wait for the store; null to give up after a few attempts.</summary>
    public ReadPatience? Patience { get; init; }

    /// <summary>Reads content of an object.</summary>
    /// <param name="source">The object.</param>
    /// <param name="sector">The first sector of its content.</param>
    /// <param name="destination">Whole sectors.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="ObjectGoneException">The object is not there.</exception>
    /// <exception cref="BlockDeviceException">It is damaged, or the store does not answer for longer than the reader waits.</exception>
    public async ValueTask ReadAsync(SourceObject source, uint sector, Memory<byte> destination, CancellationToken ct)
    {
        while (destination.Length > 0)
        {
            int block = (int)(sector / DataObjectHeader.BlockSectors);
            int offset = (int)(sector % DataObjectHeader.BlockSectors) * Extent.SectorBytes;
            int count = Math.Min(destination.Length, DataObjectHeader.BlockBytes - offset);
            var part = destination[..count];
            var key = new BlockKey(source.Id, block);
            bool isNear = _memory.TryRead(key, offset, part.Span) || (Cache is not null && await Cache.TryReadAsync(key, offset, part, ct));
            if (isNear)
            {
                Interlocked.Increment(ref Hits);
            }
            else
            {
                int last = (int)((sector + (uint)(destination.Length / Extent.SectorBytes) - 1) / DataObjectHeader.BlockSectors);
                var wanted = destination;
                count = await WithinAsync(limit => FetchAsync(source, block, last, offset, wanted, limit), ct);
            }
            destination = destination[count..];
            sector += (uint)(count / Extent.SectorBytes);
        }
    }

    /// <summary>Brings blocks near. Failures are left to the reader that needs them.</summary>
    public async Task PrefetchAsync(SourceObject source, uint sector, uint sectors, CancellationToken ct)
    {
        int block = (int)(sector / DataObjectHeader.BlockSectors);
        int last = (int)((sector + sectors - 1) / DataObjectHeader.BlockSectors);
        while (block <= last)
        {
            var key = new BlockKey(source.Id, block);
            int first = block;
            block += IsNear(key) ? 1 : await WithinAsync(async limit => await FetchRunAsync(source, first, last, skip: 0, default, limit), ct);
        }
    }

    /// <summary>Whether content of an object is near, so that prefetching it would do nothing.</summary>
    public bool IsNear(uint id, uint sector, uint sectors)
    {
        int last = (int)((sector + sectors - 1) / DataObjectHeader.BlockSectors);
        for (int block = (int)(sector / DataObjectHeader.BlockSectors); block <= last; block++)
            if (!IsNear(new BlockKey(id, block)))
                return false;
        return true;
    }

    private bool IsNear(BlockKey key) => _memory.Contains(key) || Cache?.Contains(key) == true;

    /// <summary>Brings the run of blocks near that begins with a sector's block, if that block is not.</summary>
    public async ValueTask PrefetchRunAsync(SourceObject source, uint sector, uint sectors, CancellationToken ct)
    {
        int block = (int)(sector / DataObjectHeader.BlockSectors);
        if (!_memory.Contains(new BlockKey(source.Id, block)))
            await FetchRunAsync(source, block, (int)((sectors - 1) / DataObjectHeader.BlockSectors), skip: 0, default, ct);
    }

    /// <summary>Fetches, or waits for who fetches already.</summary>
    /// <returns>Bytes of the destination that were filled.</returns>
    private async ValueTask<int> FetchAsync(SourceObject source, int block, int last, int offset, Memory<byte> destination, CancellationToken ct)
    {
        var key = new BlockKey(source.Id, block);
        Task? other;
        lock (_gate)
            _fetching.TryGetValue(key, out other);
        if (other is not null)
        {
            // Its failure is its own reader's; this reader tries for itself.
            await other.SettleAsync(ct);
            int count = Math.Min(destination.Length, DataObjectHeader.BlockBytes - offset);
            if (_memory.TryRead(key, offset, destination.Span[..count]) || (Cache is not null && await Cache.TryReadAsync(key, offset, destination[..count], ct)))
                return count;
        }
        Interlocked.Increment(ref Misses);
        int blocks = await FetchRunAsync(source, block, last, offset, destination, ct);
        return Math.Min(destination.Length, blocks * DataObjectHeader.BlockBytes - offset);
    }

    /// <summary>Fetches consecutive blocks with one GET.</summary>
    /// <returns>How many blocks.</returns>
    private async Task<int> FetchRunAsync(SourceObject source, int first, int last, int skip, Memory<byte> destination, CancellationToken ct)
    {
        last = Math.Min(last, first + RunBlocksMax - 1);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
            for (int block = first; block <= last; block++)
                _fetching.TryAdd(new BlockKey(source.Id, block), done.Task);
        try
        {
            var loaded = await LoadHeaderAsync(source, ct);
            if (last >= loaded.Header.Blocks.Count)
                throw Damaged(source.Key, $"it has {loaded.Header.Blocks.Count} blocks, block {last} was expected");
            await FetchBlocksAsync(source, loaded, first, last, skip, destination, ct);
            return last - first + 1;
        }
        finally
        {
            lock (_gate)
                for (int block = first; block <= last; block++)
                    if (_fetching.TryGetValue(new BlockKey(source.Id, block), out var task) && task == done.Task)
                        _fetching.Remove(new BlockKey(source.Id, block));
            done.SetResult();
        }
    }

    private async ValueTask FetchBlocksAsync(SourceObject source, LoadedHeader loaded, int first, int last, int skip, Memory<byte> destination, CancellationToken ct)
    {
        var blocks = loaded.Header.Blocks;
        uint from = blocks[first].Offset;
        int length = (int)(blocks[last].Offset + blocks[last].LengthBytes - from);
        byte[] stored = ArrayPool<byte>.Shared.Rent(length);
        byte[] scratch = ArrayPool<byte>.Shared.Rent(DataObjectHeader.BlockBytes);
        try
        {
            await GetAsync(source.Key, source.HeaderBytes + from, stored.AsMemory(0, length), ct);
            for (int block = first; block <= last; block++)
            {
                var part = stored.AsMemory((int)(blocks[block].Offset - from), (int)blocks[block].LengthBytes);
                if (BlockDecoder.Decode(loaded.Header, loaded.Key, block, part, scratch, out var content) is { } damage)
                    throw Damaged(source.Key, $"block {block} at offset {source.HeaderBytes + blocks[block].Offset}: {damage}");
                var key = new BlockKey(source.Id, block);
                var wanted = content[Math.Min(skip, content.Length)..];
                skip = 0;
                if (wanted.Length > destination.Length)
                    wanted = wanted[..destination.Length];
                wanted.CopyTo(destination);
                destination = destination[wanted.Length..];
                // Who reads all of a block does not come back for the rest of it.
                if (wanted.Length < content.Length || Cache is null)
                    _memory.Add(key, content.Span);
                if (Cache is not null)
                    await Cache.AddAsync(key, content, ct);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private async ValueTask<LoadedHeader> LoadHeaderAsync(SourceObject source, CancellationToken ct)
    {
        lock (_gate)
            if (_headers.TryGetValue(source.Id, out var known))
                return known;
        var header = await ReadHeaderAsync(source, ct);
        LoadedHeader loaded;
        try
        {
            // Readers have no use for the extents, and in an object of random writes these are nearly all of it.
            loaded = new LoadedHeader(header.WithoutExtents(), decoder.KeyOf(header, source.Key));
        }
        catch (LogFormatException ex)
        {
            throw Damaged(source.Key, ex.Message);
        }
        lock (_gate)
        {
            if (_headers.TryAdd(source.Id, loaded))
                _headerOrder.Enqueue(source.Id);
            if (_headers.Count > HeadersMax)
                _headers.Remove(_headerOrder.Dequeue());
        }
        return loaded;
    }

    /// <summary>Fetches an object's whole header, checked.</summary>
    public async ValueTask<DataObjectHeader> ReadHeaderAsync(SourceObject source, CancellationToken ct)
    {
        byte[] data = new byte[source.HeaderBytes];
        await GetAsync(source.Key, 0, data, ct);
        try
        {
            return DataObjectHeader.Read(data, source.Key, source.VolumeId, source.Epoch, source.Id);
        }
        catch (LogFormatException ex)
        {
            throw Damaged(source.Key, ex.Message);
        }
    }

    /// <summary>Fetches something, with the patience that was asked for.</summary>
    private async ValueTask<int> WithinAsync(Func<CancellationToken, ValueTask<int>> fetch, CancellationToken ct)
    {
        if (Patience?.Timeout is not { } timeout)
            return await fetch(ct);
        using var deadline = new CancellationTokenSource(timeout, services.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            return await fetch(either.Token);
        }
        catch (OperationCanceledException ex) when (deadline.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new BlockDeviceException(BlockError.Io, $"volume {volume}: {store.Store.Name} did not answer a read within {timeout}: {store.Failure ?? "no failure was seen"}", ex);
        }
    }

    private async ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct)
    {
        try
        {
            if (Patience is { } patience)
                await WaitAsync(patience, key, offset, destination, ct);
            else
                await store.RetryAsync(async () =>
                {
                    await store.Store.GetAsync(key, offset, destination, ct);
                    return true;
                }, ct);
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.NotFound)
        {
            throw new ObjectGoneException($"{key} is not in {store.Store.Name}", ex);
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.Short)
        {
            throw Damaged(key, ex.Message);
        }
        catch (ObjectStoreException ex)
        {
            throw new BlockDeviceException(BlockError.Io, $"volume {volume}: {ex.Message}", ex);
        }
    }

    private async ValueTask WaitAsync(ReadPatience patience, string key, long offset, Memory<byte> destination, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Stopped);
        try
        {
            await store.WaitAsync(() => store.Store.GetAsync(key, offset, destination, either.Token), either.Token);
        }
        catch (OperationCanceledException ex) when (patience.Stopped.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new BlockDeviceException(BlockError.Shutdown, $"volume {volume} has stopped: it was closed or taken by another writer while a read waited for its store", ex);
        }
    }

    private BlockDeviceException Damaged(string key, string detail)
    {
        string message = $"volume {volume}: {key} is damaged: {detail}";
        services.OnEvent?.Invoke(new LogVolumeEvent(volume, LogVolumeEventKind.Damaged, message, null));
        return new BlockDeviceException(BlockError.Io, message);
    }
}

/// <summary>How those who read an open volume wait for its store.</summary>
/// <param name="Timeout">The longest; null for as long as it takes.</param>
/// <param name="Stopped">The volume has stopped: nobody waits any more.</param>
internal sealed record ReadPatience(TimeSpan? Timeout, CancellationToken Stopped);

/// <summary>A data object as readers need to know it.</summary>
internal readonly record struct SourceObject(uint Id, string Key, uint Epoch, uint HeaderBytes, Guid VolumeId);
