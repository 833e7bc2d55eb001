using Skep.Objects.Disk;

namespace Skep.Objects.Embedded;

/// <summary>Where a run of an object's bytes is.</summary>
/// <param name="Offset">Where it begins in the object.</param>
/// <param name="Piece">Which bytes of which content.</param>
/// <param name="Content">The content's row.</param>
internal sealed record Extent(long Offset, PieceRow Piece, ContentRow Content);

/// <summary>An open version: one leaf is open at a time, the files of all are pinned.</summary>
internal sealed class EmbeddedReader : IObjectReader
{
    private readonly List<ObjectPart> _parts;
    private readonly IReadOnlyList<Extent> _extents;
    private readonly IDataDisk _disk;
    private readonly DataReaper _reaper;
    private readonly string _what;
    private Leaf? _leaf;
    private long _leafId;
    private bool _isDisposed;
    private ReadOnlyMemory<byte>? _key;

    /// <param name="version">The version.</param>
    /// <param name="extents">Its bytes; the files have been pinned for this reader.</param>
    /// <param name="disk">Where its files are.</param>
    /// <param name="reaper">What they are pinned with.</param>
    /// <param name="what">Names it in failures.</param>
    public EmbeddedReader(ObjectVersion version, IReadOnlyList<Extent> extents, IDataDisk disk, DataReaper reaper, string what)
    {
        Version = version;
        _extents = extents;
        _disk = disk;
        _reaper = reaper;
        _what = what;
        _parts = PartsOf(extents);
    }

    /// <inheritdoc/>
    public ObjectVersion Version { get; }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ObjectPart>> ListPartsAsync(CancellationToken ct) => new(_parts);

    /// <inheritdoc/>
    public bool NeedsKey => _key is null && _extents.Any(e => e.Content.Seal is not null);

    /// <inheritdoc/>
    public void UseKey(ReadOnlyMemory<byte> key)
    {
        _key = key;
        if (_extents.FirstOrDefault(e => e.Content.Seal is not null) is { } first)
            Open(first).UseKey(key);
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read(offset, destination.Span));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return ValueTask.CompletedTask;
        _isDisposed = true;
        _leaf?.Dispose();
        _leaf = null;
        _reaper.Unpin(FilesOf(_extents));
        return ValueTask.CompletedTask;
    }

    /// <summary>The pieces that a range is made of.</summary>
    public List<Extent> Slice(long offset, long length)
    {
        var slice = new List<Extent>();
        foreach (var extent in _extents)
        {
            var from = Math.Max(offset, extent.Offset);
            var to = Math.Min(offset + length, extent.Offset + extent.Piece.LengthBytes);
            if (from < to)
                slice.Add(extent with { Offset = from - offset, Piece = new PieceRow(0, extent.Piece.Leaf, extent.Piece.Start + from - extent.Offset, to - from, null) });
        }

        return slice;
    }

    /// <summary>The data files of extents.</summary>
    public static IEnumerable<long> FilesOf(IReadOnlyList<Extent> extents) =>
        extents.Where(e => e.Content.Kind == ContentKind.File).Select(e => e.Content.Id);

    private int Read(long offset, Span<byte> destination)
    {
        var total = 0;
        for (var i = IndexOf(offset); i < _extents.Count && destination.Length > 0; i++)
        {
            var extent = _extents[i];
            var inside = offset - extent.Offset;
            var count = (int)Math.Min(destination.Length, extent.Piece.LengthBytes - inside);
            var leaf = Open(extent);
            leaf.UseKey(_key);
            leaf.Read(extent.Piece.Start + inside, destination[..count]);
            offset += count;
            total += count;
            destination = destination[count..];
        }

        return total;
    }

    /// <summary>The extent that an offset is in; their count when it is behind all.</summary>
    private int IndexOf(long offset)
    {
        var low = 0;
        var high = _extents.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_extents[middle].Offset + _extents[middle].Piece.LengthBytes <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private Leaf Open(Extent extent)
    {
        if (_leaf is not null && _leafId == extent.Content.Id)
            return _leaf;
        _leaf?.Dispose();
        _leaf = null; // should the next not open
        _leaf = OpenLeaf(extent);
        _leafId = extent.Content.Id;
        return _leaf;
    }

    private Leaf OpenLeaf(Extent extent)
    {
        try
        {
            return new Leaf(extent.Content, _disk, _what);
        }
        catch (FileNotFoundException ex)
        {
            throw new ObjectException(ObjectError.Damaged, $"{_what} is damaged: its file {DataNames.Format(extent.Content.Id)} is missing", ex);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw DiskErrors.Translate(ex, _what);
        }
    }

    private static List<ObjectPart> PartsOf(IReadOnlyList<Extent> extents)
    {
        var parts = new List<ObjectPart>();
        foreach (var extent in extents.Where(e => e.Piece.Part > 0))
        {
            if (parts.Count > 0 && parts[^1].Number == extent.Piece.Part)
                parts[^1] = parts[^1] with { LengthBytes = parts[^1].LengthBytes + extent.Piece.LengthBytes };
            else
                parts.Add(new ObjectPart(extent.Piece.Part, extent.Offset, extent.Piece.LengthBytes, extent.Piece.Checksum));
        }

        return parts;
    }
}
