using System.Buffers;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

public sealed partial class ChunkStore
{
    /// <summary>Reads a chunk and checks that it is what its name says.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="codec">Of its snapshot.</param>
    /// <param name="plain">Takes the content; exactly as long as the chunk must be.</param>
    /// <param name="mayRefresh">Whether to look for packs that were added since, when the chunk is not where it was.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="ChunkStoreException"><see cref="ChunkStoreError.Damaged"/>: it is missing, or not what was stored.</exception>
    internal async Task ReadChunkAsync(ChunkId id, ChunkCodec codec, Memory<byte> plain, bool mayRefresh, CancellationToken ct)
    {
        for (var isRefreshed = !mayRefresh; ; isRefreshed = true)
        {
            if (!_index.TryFind(id, out var packId, out var entry))
            {
                if (isRefreshed)
                    throw new ChunkStoreException(ChunkStoreError.Damaged, $"chunk {id} is in no pack of {Name}");
                await RefreshAsync(ct);
                continue;
            }

            if (entry.PlainLength != plain.Length)
                throw Damaged(id, packId, $"it has {entry.PlainLength} bytes, expected {plain.Length}");
            if (await TryReadAsync(packId, entry, codec, plain, ct))
                return;
            // The pack has gone: compaction moves chunks.
            _index.Remove(packId);
            if (isRefreshed)
                throw Damaged(id, packId, "the pack does not exist");
            await RefreshAsync(ct);
        }
    }

    /// <summary>Reads the stored bytes of a chunk and checks them, without need of a key.</summary>
    private async Task ReadStoredAsync(string packId, PackEntry entry, Memory<byte> stored, CancellationToken ct)
    {
        try
        {
            await _objects.GetAsync(ObjectNames.Pack(packId), entry.Offset, stored, ct);
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.Short)
        {
            throw Damaged(entry.Id, packId, ex.Message);
        }

        if (Crc32C.Compute(stored.Span) != entry.Crc)
            throw Damaged(entry.Id, packId, "its bytes are not those that were stored");
    }

    private async Task<bool> TryReadAsync(string packId, PackEntry entry, ChunkCodec codec, Memory<byte> plain, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(entry.StoredLength);
        try
        {
            var stored = buffer.AsMemory(0, entry.StoredLength);
            await _objects.GetAsync(ObjectNames.Pack(packId), entry.Offset, stored, ct);
            if (!await ComputeAsync(() => codec.TryDecode(entry, stored.Span, plain.Span)))
                throw Damaged(entry.Id, packId, "its bytes are not those that were stored");
            return true;
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.NotFound)
        {
            return false;
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.Short)
        {
            throw Damaged(entry.Id, packId, ex.Message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ChunkStoreException Damaged(ChunkId id, string packId, string how) =>
        new(ChunkStoreError.Damaged, $"chunk {id} in {Name}/{ObjectNames.Pack(packId)} is damaged: {how}");
}
