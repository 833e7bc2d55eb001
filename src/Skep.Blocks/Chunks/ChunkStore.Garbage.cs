using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

public sealed partial class ChunkStore
{
    /// <summary>
    /// Frees what no snapshot uses. Safe beside snapshots being taken and other collections, in this process or others, and
    /// against crashes anywhere: an unused pack is first condemned, and deleted by a later collection, after the grace and once
    /// every snapshot that was begun before is complete or given up, if it is still not used then.
    /// </summary>
    /// <exception cref="ChunkStoreException">A manifest cannot be read: what it uses is not known, so nothing was freed.</exception>
    /// <exception cref="ObjectStoreException">The object store failed; the next collection goes on.</exception>
    public Task<GarbageReport> CollectGarbageAsync(CancellationToken ct) => new GarbageCollection(this).RunAsync(ct);

    internal Task<PackEntry[]?> ReadPackEntriesAsync(string packId, long length, CancellationToken ct) => ReadPackIndexAsync(packId, length, ct);

    internal Task ReadStoredChunkAsync(string packId, PackEntry entry, Memory<byte> stored, CancellationToken ct) => ReadStoredAsync(packId, entry, stored, ct);

    /// <summary>Deletes a pack and then the mark that said so.</summary>
    internal async Task DeletePackAsync(string packId, CancellationToken ct)
    {
        await _objects.DeleteAsync(ObjectNames.Pack(packId), ct);
        await _objects.DeleteAsync(ObjectNames.CondemnedPack(packId), ct);
        _index.Remove(packId);
        if (_services.IndexCache is { } cache)
            await cache.DeleteAsync(ObjectNames.Pack(packId), ct);
    }

    internal async Task CondemnPackAsync(string packId, CancellationToken ct)
    {
        _index.Condemn(packId, isCondemned: true);
        var mark = TableFormat.Encode(Magic.Condemned, new CondemnedPack(Now()), ChunkJson.Default.CondemnedPack, []);
        await _objects.PutAsync(ObjectNames.CondemnedPack(packId), [mark], PutCondition.IfAbsent, ct);
    }

    internal async Task RescuePackAsync(string packId, CancellationToken ct)
    {
        await _objects.DeleteAsync(ObjectNames.CondemnedPack(packId), ct);
        _index.Condemn(packId, isCondemned: false);
    }

    internal async Task<CondemnedPack?> FindCondemnedAsync(string packId, CancellationToken ct)
    {
        var key = ObjectNames.CondemnedPack(packId);
        return await FindObjectAsync(key, ct) is { } bytes
            ? TableFormat.Decode(Magic.Condemned, bytes, ChunkJson.Default.CondemnedPack, $"{Name}/{key}", out _)
            : null;
    }
}
