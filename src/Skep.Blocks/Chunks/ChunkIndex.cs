using System.Diagnostics.CodeAnalysis;

namespace Skep.Blocks.Chunks;

/// <summary>
/// Where every known chunk is, in memory: about 80 bytes a chunk, so 160 MB for a tebibyte of stored chunks. Thread-safe;
/// the lock is held for single look-ups.
/// </summary>
internal sealed class ChunkIndex
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ChunkId, Place> _places = [];
    private readonly Dictionary<string, Pack> _packs = new(StringComparer.Ordinal);
    private bool _hasForgotten;

    /// <summary>How many chunks are known.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _places.Count;
        }
    }

    /// <summary>Where a chunk can be read; also in a pack that is to be deleted.</summary>
    public bool TryFind(ChunkId id, [NotNullWhen(true)] out string? packId, out PackEntry entry)
    {
        lock (_lock)
        {
            if (_places.TryGetValue(id, out var place) && !place.Pack.IsGone)
            {
                packId = place.Pack.Id;
                entry = new PackEntry(id, place.Offset, place.StoredLength, place.PlainLength, place.Encoding, place.Crc);
                return true;
            }
        }

        packId = null;
        entry = default;
        return false;
    }

    /// <summary>Whether a new snapshot may rely on a chunk that is there: not when its pack is to be deleted.</summary>
    public bool CanReuse(ChunkId id)
    {
        lock (_lock)
            return _places.TryGetValue(id, out var place) && place.Pack is { IsGone: false, IsCondemned: false };
    }

    public bool Knows(string packId)
    {
        lock (_lock)
            return _packs.TryGetValue(packId, out var pack) && !pack.IsGone;
    }

    public void Add(string packId, IReadOnlyList<PackEntry> entries)
    {
        lock (_lock)
        {
            if (_packs.TryGetValue(packId, out var pack) && !pack.IsGone)
                return;
            _packs[packId] = pack = new Pack(packId);
            foreach (var entry in entries)
            {
                if (!_places.TryGetValue(entry.Id, out var place) || place.Pack.IsGone || place.Pack.IsCondemned)
                    _places[entry.Id] = new Place(pack, entry.Offset, entry.StoredLength, entry.PlainLength, entry.Encoding, entry.Crc);
            }
        }
    }

    /// <summary>Sets which packs are to be deleted; all others are not.</summary>
    public void SetCondemned(IReadOnlySet<string> packIds)
    {
        lock (_lock)
        {
            foreach (var pack in _packs.Values)
                pack.IsCondemned = packIds.Contains(pack.Id);
        }
    }

    public void Condemn(string packId, bool isCondemned)
    {
        lock (_lock)
        {
            if (_packs.TryGetValue(packId, out var pack))
                pack.IsCondemned = isCondemned;
        }
    }

    /// <summary>A pack has been deleted.</summary>
    public void Remove(string packId)
    {
        lock (_lock)
        {
            if (!_packs.Remove(packId, out var pack))
                return;
            pack.IsGone = true;
            _hasForgotten = true; // a chunk of it may be in another pack too, which was passed over when it was added
        }
    }

    /// <summary>Forgets everything if a pack has gone since the last time, so that all of it is loaded again.</summary>
    public void ResetIfForgotten()
    {
        lock (_lock)
        {
            if (!_hasForgotten)
                return;
            _hasForgotten = false;
            _places.Clear();
            _packs.Clear();
        }
    }

    private sealed class Pack(string id)
    {
        public string Id { get; } = id;
        public bool IsCondemned { get; set; }
        public bool IsGone { get; set; }
    }

    private readonly record struct Place(Pack Pack, int Offset, int StoredLength, int PlainLength, ChunkEncoding Encoding, uint Crc);
}
