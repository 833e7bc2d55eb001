namespace Skep.Blocks.Chunks;

/// <summary>A pack being filled. Its buffer is sized once: a pack is sealed before what it was sized for is exceeded. Not thread-safe.</summary>
internal sealed class PackBuilder
{
    private readonly List<PackEntry> _entries = [];
    private byte[] _buffer;
    private int _end;

    /// <summary>Makes an empty pack.</summary>
    /// <param name="buffer">Takes the chunks; at least as long as all that will be added.</param>
    public PackBuilder(byte[] buffer)
    {
        _buffer = buffer;
        PackFormat.WriteHeader(buffer);
        _end = PackFormat.HeaderLength;
    }

    /// <summary>The chunks so far.</summary>
    public IReadOnlyList<PackEntry> Entries => _entries;

    /// <summary>Bytes so far, without the index.</summary>
    public int Length => _end;

    /// <summary>Whether a chunk of so many bytes still fits.</summary>
    public bool Fits(int storedLength) => _end + storedLength <= _buffer.Length;

    /// <summary>Adds a chunk; it must fit.</summary>
    public void Add(ChunkId id, ReadOnlySpan<byte> stored, int plainLength, ChunkEncoding encoding)
    {
        stored.CopyTo(_buffer.AsSpan(_end));
        _entries.Add(new PackEntry(id, _end, stored.Length, plainLength, encoding, Crc32C.Compute(stored)));
        _end += stored.Length;
    }

    /// <summary>The object to store.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Seal() => [_buffer.AsMemory(0, _end), PackFormat.EncodeTail(_entries)];

    /// <summary>Gives the buffer back for the next pack.</summary>
    public byte[] ReleaseBuffer()
    {
        var buffer = _buffer;
        _buffer = [];
        return buffer;
    }
}
