using Skep.Objects.Rules;

namespace Skep.Objects.Memory;

/// <summary>Walks sorted rows: versions, or with <paramref name="onlyCurrent"/> the objects that a plain list shows.</summary>
internal sealed class MemoryCursor(SortedSet<MemoryRow> rows, bool onlyCurrent) : IRowCursor<MemoryRow>
{
    private static readonly byte[] _beyond = [0xff];
    private IEnumerator<MemoryRow> _next = Enumerable.Empty<MemoryRow>().GetEnumerator();
    private byte[]? _lastKey;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Key => _next.Current.Key;

    /// <inheritdoc/>
    public void Seek(ReadOnlySpan<byte> key) => SeekWithin(key, long.MaxValue);

    /// <summary>Moves before the versions of a key that are older than a sequence number.</summary>
    public void SeekWithin(ReadOnlySpan<byte> key, long before)
    {
        _lastKey = null;
        var from = new MemoryRow(key.ToArray(), before - 1) { Version = MemoryBackend.NoVersion };
        var to = new MemoryRow(_beyond, 0) { Version = MemoryBackend.NoVersion };
        _next = rows.GetViewBetween(from, to).GetEnumerator();
    }

    /// <inheritdoc/>
    public bool Next()
    {
        while (_next.MoveNext())
        {
            if (!onlyCurrent)
                return true;
            var isFirst = _lastKey is null || !_next.Current.Key.AsSpan().SequenceEqual(_lastKey);
            _lastKey = _next.Current.Key;
            if (isFirst && !_next.Current.Version.IsDeleteMarker)
                return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public MemoryRow Read() => _next.Current;
}
