using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

public sealed partial class ChunkStore
{
    /// <summary>The end of a pack that is read at once: holds the index of most packs.</summary>
    private const int TailGuessBytes = 16 * 1024;

    /// <summary>Learns of packs that were added, and of those that are to be deleted, since the last time.</summary>
    /// <remarks>A damaged pack is passed over: what is missing because of it is said where it is needed.</remarks>
    public async Task RefreshAsync(CancellationToken ct)
    {
        _index.ResetIfForgotten();
        var unknown = new List<(string Id, long Length)>();
        await foreach (var pack in _objects.ListAsync(ObjectNames.Packs, after: null, ct))
        {
            var id = pack.Key[ObjectNames.Packs.Length..];
            if (!_index.Knows(id))
                unknown.Add((id, pack.LengthBytes));
        }

        await Bounded.ForEachAsync(unknown, _options.RequestsMax, p => LearnPackAsync(p.Id, p.Length, ct));
        var condemned = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var mark in _objects.ListAsync(ObjectNames.Condemned, after: null, ct))
            condemned.Add(mark.Key[ObjectNames.Condemned.Length..]);
        _index.SetCondemned(condemned);
    }

    /// <summary>Learns of packs by name: lists may lag behind.</summary>
    private Task LearnPacksAsync(IEnumerable<string> packIds, CancellationToken ct) =>
        Bounded.ForEachAsync(packIds.Where(p => !_index.Knows(p)), _options.RequestsMax, async id =>
        {
            if (await _objects.FindAsync(ObjectNames.Pack(id), ct) is { } length)
                await LearnPackAsync(id, length, ct);
        });

    private async Task LearnPackAsync(string id, long length, CancellationToken ct)
    {
        try
        {
            if (await ReadPackIndexAsync(id, length, ct) is { } entries)
                _index.Add(id, entries);
        }
        catch (ChunkStoreException ex) when (ex.Error == ChunkStoreError.Damaged)
        {
            // Its chunks count as missing; whoever verifies or reads a snapshot of them is told by name.
        }
    }

    /// <summary>What is in a pack; null when it has gone.</summary>
    /// <exception cref="ChunkStoreException">It is damaged.</exception>
    private async Task<PackEntry[]?> ReadPackIndexAsync(string id, long length, CancellationToken ct)
    {
        var name = $"{Name}/{ObjectNames.Pack(id)}";
        if (_services.IndexCache is { } cache && await FindCachedIndexAsync(cache, id, length, name, ct) is { } cached)
            return cached;
        if (length < PackFormat.HeaderLength + PackFormat.TrailerLength)
            throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is damaged: {length} bytes are too short for a pack");
        try
        {
            var tail = new byte[(int)Math.Min(TailGuessBytes, length)];
            await _objects.GetAsync(ObjectNames.Pack(id), length - tail.Length, tail, ct);
            var tailLength = PackFormat.TailLength(tail.AsSpan(tail.Length - PackFormat.TrailerLength), length, name);
            if (tailLength > tail.Length)
            {
                tail = new byte[tailLength];
                await _objects.GetAsync(ObjectNames.Pack(id), length - tailLength, tail, ct);
            }

            tail = tail[^tailLength..];
            var entries = PackFormat.DecodeTail(tail, length, name);
            if (_services.IndexCache is { } near)
                await near.PutAsync(ObjectNames.Pack(id), [tail], PutCondition.None, ct);
            return entries;
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.NotFound)
        {
            return null;
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.Short)
        {
            throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is damaged: {ex.Message}", ex);
        }
    }

    private static async Task<PackEntry[]?> FindCachedIndexAsync(IObjectStore cache, string id, long length, string name, CancellationToken ct)
    {
        try
        {
            if (await cache.FindAsync(ObjectNames.Pack(id), ct) is not { } tailLength || tailLength > Array.MaxLength)
                return null;
            var tail = new byte[tailLength];
            await cache.GetAsync(ObjectNames.Pack(id), 0, tail, ct);
            return PackFormat.DecodeTail(tail, length, $"the cached index of {name}");
        }
        catch (Exception ex) when (ex is ChunkStoreException or ObjectStoreException)
        {
            return null; // the pack itself has it
        }
    }
}
