using System.Buffers;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

internal sealed partial class GarbageCollection
{
    /// <summary>A pack of less than this part of a full one is small.</summary>
    private const double SmallShare = 0.25;

    /// <summary>Small packs are put together once there are so many: one or two are not worth the traffic.</summary>
    private const int SmallPacksMin = 8;

    private readonly HashSet<ChunkId> _copied = [];
    private readonly List<string> _moved = [];

    /// <summary>Condemns packs that nothing uses, and writes those anew that little of is used or that are small.</summary>
    private async Task MarkAsync(CancellationToken ct)
    {
        var sparse = new List<UsedPack>();
        var small = new List<UsedPack>();
        long liveBytes = 0;
        foreach (var (packId, pack) in _packs)
        {
            if (_condemned.ContainsKey(packId) || IsTooYoung(pack) || await ReadEntriesAsync(packId, ct) is not { } entries)
                continue;
            var live = entries.Where(e => _live.Contains(e.Id)).ToArray();
            var (bytes, used) = (entries.Sum(e => (long)e.StoredLength), live.Sum(e => (long)e.StoredLength));
            liveBytes += used;
            if (live.Length == 0)
                await CondemnAsync(packId, ct);
            else if (used < bytes * store.Options.LiveShareMin)
                sparse.Add(new UsedPack(packId, live));
            else if (pack.LengthBytes < store.Options.PackBytes * SmallShare)
                small.Add(new UsedPack(packId, live));
        }

        _report = _report with { Packs = _packs.Count, LiveBytes = liveBytes };
        if (small.Count >= SmallPacksMin)
            sparse.AddRange(small);
        if (sparse.Count > 0)
            await CompactAsync(sparse, ct);
    }

    /// <summary>A pack that a snapshot being made may have stored, or just completed: no manifest speaks of it yet.</summary>
    private bool IsTooYoung(StoredObject pack) =>
        store.Now() - pack.LastModified < Grace || _pending.Exists(p => pack.LastModified > p.StartedAt - Grace / 2);

    private async Task CondemnAsync(string packId, CancellationToken ct)
    {
        await store.CondemnPackAsync(packId, ct);
        _report = _report with { PacksCondemned = _report.PacksCondemned + 1 };
    }

    /// <summary>Copies what is used of packs into new ones; the old ones are condemned once all of it is stored.</summary>
    private async Task CompactAsync(List<UsedPack> packs, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(store.Options.PackBytes);
        try
        {
            var builder = new PackBuilder(buffer);
            foreach (var pack in packs)
                builder = await CopyAsync(pack, builder, buffer, ct);
            await StoreAsync(builder, ct);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<PackBuilder> CopyAsync(UsedPack pack, PackBuilder builder, byte[] buffer, CancellationToken ct)
    {
        foreach (var entry in pack.Live)
        {
            if (_copied.Contains(entry.Id))
                continue;
            if (!builder.Fits(entry.StoredLength))
            {
                await StoreAsync(builder, ct);
                builder = new PackBuilder(buffer);
            }

            var stored = new byte[entry.StoredLength];
            try
            {
                await store.ReadStoredChunkAsync(pack.Id, entry, stored, ct);
            }
            catch (ChunkStoreException ex) when (ex.Error == ChunkStoreError.Damaged)
            {
                _damaged.Add(pack.Id); // it stays as it is: somebody may still repair it
                return builder;
            }

            builder.Add(entry.Id, stored, entry.PlainLength, entry.Encoding);
            _copied.Add(entry.Id);
        }

        _moved.Add(pack.Id);
        return builder;
    }

    /// <summary>Stores a new pack, and condemns the old ones whose chunks are all stored by it or those before it.</summary>
    private async Task StoreAsync(PackBuilder builder, CancellationToken ct)
    {
        if (builder.Entries.Count > 0)
        {
            var packId = store.NewName();
            await store.Objects.PutAsync(ObjectNames.Pack(packId), builder.Seal(), PutCondition.None, ct);
            store.Index.Add(packId, builder.Entries);
        }

        foreach (var old in _moved)
        {
            await CondemnAsync(old, ct);
            _report = _report with { PacksCompacted = _report.PacksCompacted + 1 };
        }

        _moved.Clear();
    }

    private sealed record UsedPack(string Id, PackEntry[] Live);
}
