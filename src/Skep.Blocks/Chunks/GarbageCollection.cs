using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

/// <summary>
/// One garbage collection. Why it cannot delete what is in use: a writer puts its marker before it looks which packs it
/// may rely on, and removes it after its manifest is there. So a pack that was condemned before a marker was put is not
/// relied on by that writer, and a writer that did not see the mark has a marker from before it, which is waited for. The
/// manifests are read after the markers were found gone. What clocks and lists may lag behind is covered by the grace.
/// </summary>
internal sealed partial class GarbageCollection(ChunkStore store)
{
    /// <summary>Gravestones are kept for so long: no writer sleeps longer and then completes.</summary>
    private static readonly TimeSpan _gravestoneAge = TimeSpan.FromDays(30);

    private readonly HashSet<ChunkId> _live = [];
    private readonly Dictionary<string, StoredObject> _packs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CondemnedPack> _condemned = new(StringComparer.Ordinal);
    private readonly List<PendingSnapshot> _pending = [];
    private readonly List<string> _damaged = [];
    private GarbageReport _report = new();

    private TimeSpan Grace => store.Options.Grace;

    public async Task<GarbageReport> RunAsync(CancellationToken ct)
    {
        await ReadCondemnedAsync(ct);
        await ReadPendingAsync(ct);
        await ReadManifestsAsync(ct);
        await foreach (var pack in store.Objects.ListAsync(ObjectNames.Packs, after: null, ct))
            _packs[pack.Key[ObjectNames.Packs.Length..]] = pack;
        await SweepAsync(ct);
        await MarkAsync(ct);
        return _report with { DamagedPacks = _damaged };
    }

    private async Task ReadCondemnedAsync(CancellationToken ct)
    {
        await foreach (var mark in store.Objects.ListAsync(ObjectNames.Condemned, after: null, ct))
        {
            var packId = mark.Key[ObjectNames.Condemned.Length..];
            if (await store.FindCondemnedAsync(packId, ct) is { } found)
                _condemned[packId] = found;
        }
    }

    /// <summary>Which snapshots are being made; those that nothing came for are given up.</summary>
    private async Task ReadPendingAsync(CancellationToken ct)
    {
        var folders = new Dictionary<string, (DateTimeOffset Modified, List<string> Keys)>(StringComparer.Ordinal);
        await foreach (var item in store.Objects.ListAsync(ObjectNames.Pending, after: null, ct))
        {
            var rest = item.Key[ObjectNames.Pending.Length..];
            var id = rest[..rest.IndexOf('/', StringComparison.Ordinal)];
            var keys = folders.TryGetValue(id, out var folder) ? folder.Keys : [];
            keys.Add(item.Key);
            folders[id] = (item.LastModified, keys);
        }

        foreach (var (id, (modified, keys)) in folders)
        {
            var pending = await store.FindPendingAsync(id, ct);
            if (pending is not null && store.Now() - pending.RenewedAt <= pending.ExpiresAfter + Grace
                && await store.Objects.FindAsync(ObjectNames.Snapshot(id), ct) is null)
            {
                _pending.Add(pending);
                continue;
            }

            if (pending is null && store.Now() - modified < Grace)
                continue; // its marker may only just have been removed, or not be visible yet
            // Complete and only its marker left, or expired, or parts without a marker.
            if (pending is not null && await store.Objects.FindAsync(ObjectNames.Snapshot(id), ct) is null)
            {
                await store.GiveUpAsync(id, ct);
                _report = _report with { SnapshotsExpired = _report.SnapshotsExpired + 1 };
            }
            else
            {
                await store.RemovePendingAsync(id, ct);
                // What late requests have brought back is not numbered without gaps.
                foreach (var key in keys)
                    await store.Objects.DeleteAsync(key, ct);
            }
        }
    }

    private async Task ReadManifestsAsync(CancellationToken ct)
    {
        await foreach (var item in store.Objects.ListAsync(ObjectNames.Snapshots, after: null, ct))
        {
            try
            {
                var (_, table) = await store.LoadAsync(item.Key[ObjectNames.Snapshots.Length..], ct);
                foreach (var (_, id) in table.Data(0))
                    _live.Add(id);
            }
            catch (ChunkStoreException ex) when (ex.Error == ChunkStoreError.NotFound)
            {
                // Deleted since, or a gravestone.
                if (store.Now() - item.LastModified > _gravestoneAge)
                    await RemoveGravestoneAsync(item.Key, ct);
            }
        }
    }

    private async Task RemoveGravestoneAsync(string key, CancellationToken ct)
    {
        if (await store.FindObjectAsync(key, ct) is { } bytes && TableFormat.Is(Magic.Gravestone, bytes))
            await store.Objects.DeleteAsync(key, ct);
    }

    /// <summary>Deletes the condemned packs whose time has come, if everything in use is elsewhere too; rescues the others.</summary>
    private async Task SweepAsync(CancellationToken ct)
    {
        var due = new Dictionary<string, PackEntry[]>(StringComparer.Ordinal);
        foreach (var (packId, mark) in _condemned)
        {
            if (!_packs.ContainsKey(packId) && await store.Objects.FindAsync(ObjectNames.Pack(packId), ct) is null)
                await store.DeletePackAsync(packId, ct); // a crash between the pack and its mark
            else if (IsDue(mark) && await ReadEntriesAsync(packId, ct) is { } entries)
                due[packId] = entries;
        }

        var needed = due.Values.SelectMany(e => e).Select(e => e.Id).Where(_live.Contains).ToHashSet();
        var elsewhere = needed.Count == 0 ? [] : await FindElsewhereAsync(needed, ct);
        foreach (var (packId, entries) in due)
        {
            if (entries.All(e => !_live.Contains(e.Id) || elsewhere.Contains(e.Id)))
            {
                await store.DeletePackAsync(packId, ct);
                _report = _report with { PacksDeleted = _report.PacksDeleted + 1, BytesFreed = _report.BytesFreed + LengthOf(packId) };
            }
            else
            {
                await store.RescuePackAsync(packId, ct);
                _report = _report with { PacksRescued = _report.PacksRescued + 1 };
            }
        }
    }

    private bool IsDue(CondemnedPack mark) =>
        store.Now() - mark.CondemnedAt >= Grace && _pending.TrueForAll(p => p.StartedAt > mark.CondemnedAt + Grace / 2);

    /// <summary>Which of some chunks are in packs that stay.</summary>
    private async Task<HashSet<ChunkId>> FindElsewhereAsync(HashSet<ChunkId> needed, CancellationToken ct)
    {
        var found = new HashSet<ChunkId>();
        foreach (var packId in _packs.Keys.Where(p => !_condemned.ContainsKey(p)))
        {
            if (await ReadEntriesAsync(packId, ct) is not { } entries)
                continue;
            var here = entries.Where(e => needed.Contains(e.Id)).Select(e => e.Id).ToList();
            // A list may show a pack that is gone; what relies on it is asked of the store itself.
            if (here.Count > 0 && await store.Objects.FindAsync(ObjectNames.Pack(packId), ct) is not null
                && await store.FindCondemnedAsync(packId, ct) is null)
            {
                found.UnionWith(here);
            }
        }

        return found;
    }

    /// <summary>What is in a pack; null when it cannot be read, and then it is left alone.</summary>
    private async Task<PackEntry[]?> ReadEntriesAsync(string packId, CancellationToken ct)
    {
        try
        {
            return await store.ReadPackEntriesAsync(packId, LengthOf(packId), ct);
        }
        catch (ChunkStoreException ex) when (ex.Error is ChunkStoreError.Damaged or ChunkStoreError.Newer)
        {
            if (!_damaged.Contains(packId))
                _damaged.Add(packId);
            return null;
        }
    }

    private long LengthOf(string packId) => _packs.TryGetValue(packId, out var pack) ? pack.LengthBytes : 0;
}
