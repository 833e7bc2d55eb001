using System.Buffers;

namespace Skep.Blocks.Chunks;

public sealed partial class ChunkStore
{
    /// <summary>
    /// Copies a snapshot into another store, or within this one under another id. What is there already is not stored again;
    /// what cannot be read ends the copy, and nothing of it is left but chunks for the next garbage collection.
    /// </summary>
    /// <param name="snapshotId">The snapshot.</param>
    /// <param name="target">Where to.</param>
    /// <param name="request">The new one; of the same size or larger.</param>
    /// <param name="progress">Called now and then; null for none.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="ChunkStoreException">A chunk is damaged, or the target has a snapshot of that id.</exception>
    public async Task<SnapshotInfo> CopyAsync(string snapshotId, ChunkStore target, SnapshotRequest request, Action<SnapshotProgress>? progress, CancellationToken ct)
    {
        await using var source = await OpenAsync(snapshotId, ct);
        await using var writer = await target.BeginAsync(request, ct);
        var guard = new Lock();
        long done = 0;
        try
        {
            await Bounded.ForEachAsync(source.Table.Data(0), _options.RequestsMax, async entry =>
            {
                var length = BlockLength(source.SizeBytes, entry.Block);
                var targetLength = BlockLength(request.SizeBytes, entry.Block);
                var buffer = ArrayPool<byte>.Shared.Rent(targetLength);
                try
                {
                    buffer.AsSpan(0, targetLength).Clear();
                    await ReadChunkAsync(entry.Id, source.Codec, buffer.AsMemory(0, length), mayRefresh: true, ct);
                    await writer.PutBlockAsync(entry.Block, buffer.AsMemory(0, targetLength), ct);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }

                lock (guard)
                    progress?.Invoke(new SnapshotProgress(snapshotId, ++done, source.Table.DataCount));
            });
            return await writer.CompleteAsync(ct);
        }
        catch
        {
            await writer.AbortAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Counts what all snapshots hold and take.</summary>
    /// <exception cref="ChunkStoreException">A manifest cannot be read.</exception>
    public async Task<ChunkStoreStatistics> CountAsync(CancellationToken ct)
    {
        await RefreshAsync(ct);
        var uses = new Dictionary<ChunkId, bool>(); // whether more than one snapshot uses it
        var (snapshots, logical) = (0, 0L);
        foreach (var snapshotId in await ListAllAsync(ct))
        {
            var (info, table) = await LoadAsync(snapshotId, ct);
            snapshots++;
            logical += table.DataCount * info.BlockBytes;
            foreach (var id in table.Data(0).Select(e => e.Id).ToHashSet())
                uses[id] = uses.ContainsKey(id);
        }

        var (stored, shared) = (0L, 0L);
        foreach (var (id, isShared) in uses)
        {
            var length = _index.TryFind(id, out _, out var entry) ? entry.StoredLength : 0;
            stored += length;
            shared += isShared ? length : 0;
        }

        var packs = 0L;
        await foreach (var pack in _objects.ListAsync(ObjectNames.Packs, after: null, ct))
            packs += pack.LengthBytes;
        return new ChunkStoreStatistics(snapshots, logical, stored, shared, packs);
    }
}
