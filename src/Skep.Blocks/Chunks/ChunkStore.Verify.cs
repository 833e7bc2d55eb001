using System.Buffers;

namespace Skep.Blocks.Chunks;

public sealed partial class ChunkStore
{
    /// <summary>Damages that a report names at most: beyond it the store is beyond naming blocks.</summary>
    private const int DamagesMax = 10_000;

    /// <summary>
    /// Reads every chunk of snapshots again and compares it with its identity. Chunks that snapshots share are read once,
    /// damage is reported for each of them.
    /// </summary>
    /// <param name="snapshotIds">The snapshots; null for all.</param>
    /// <param name="progress">Called now and then; null for none.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="Stores.ObjectStoreException">The object store failed: nothing is known of the rest.</exception>
    public async Task<VerifyReport> VerifyAsync(IReadOnlyList<string>? snapshotIds, Action<SnapshotProgress>? progress, CancellationToken ct)
    {
        await RefreshAsync(ct);
        var ids = snapshotIds ?? await ListAllAsync(ct);
        var known = new Dictionary<ChunkId, string?>(); // what was found of each chunk; null is well
        var damages = new List<SnapshotDamage>();
        long bytes = 0;
        foreach (var id in ids)
        {
            try
            {
                var (info, table) = await LoadAsync(id, ct);
                await LearnPacksAsync(info.Packs, ct);
                bytes += await VerifyAsync(info, table, known, damages, progress, ct);
            }
            catch (ChunkStoreException ex) when (ex.Error is not ChunkStoreError.NotFound || snapshotIds is not null)
            {
                damages.Add(new SnapshotDamage(id, null, ex.Message));
            }
        }

        return new VerifyReport(ids.Count, known.Count, bytes, damages);
    }

    private async Task<List<string>> ListAllAsync(CancellationToken ct)
    {
        var ids = new List<string>();
        await foreach (var id in ListAsync(ct))
            ids.Add(id);
        return ids;
    }

    private async Task<long> VerifyAsync(
        SnapshotInfo info, BlockTable table, Dictionary<ChunkId, string?> known, List<SnapshotDamage> damages, Action<SnapshotProgress>? progress, CancellationToken ct)
    {
        const int ProgressEvery = 64;
        var codec = MakeCodec(info);
        var guard = new Lock();
        var (bytes, done) = (0L, 0L);
        await Bounded.ForEachAsync(table.Data(0), _options.RequestsMax, async entry =>
        {
            string? damage;
            bool isNew;
            lock (guard)
                isNew = !known.TryGetValue(entry.Id, out damage);
            var length = BlockLength(info.SizeBytes, entry.Block);
            if (isNew)
                damage = await FindDamageAsync(entry.Id, codec, length, ct);
            lock (guard)
            {
                if (isNew)
                    bytes += length;
                known[entry.Id] = damage;
                if (damage is not null && damages.Count < DamagesMax)
                    damages.Add(new SnapshotDamage(info.SnapshotId, entry.Block, $"block {entry.Block} of snapshot {info.SnapshotId}: {damage}"));
                if (++done % ProgressEvery == 0 || done == table.DataCount)
                    progress?.Invoke(new SnapshotProgress(info.SnapshotId, done, table.DataCount));
            }
        });
        return bytes;
    }

    private async Task<string?> FindDamageAsync(ChunkId id, ChunkCodec codec, int length, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await ReadChunkAsync(id, codec, buffer.AsMemory(0, length), mayRefresh: false, ct);
            return null;
        }
        catch (ChunkStoreException ex) when (ex.Error == ChunkStoreError.Damaged)
        {
            return ex.Message;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
