using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Skep.Blocks.Compression;
using Skep.Blocks.Stores;
using static Skep.Blocks.Files.NativeMethods;

namespace Skep.Blocks.Log;

/// <summary>
/// Builds data objects, one at a time; used again and again because of its large buffer. The buffer is page-aligned and does not
/// move, so that a store may write from it without copies.
/// </summary>
internal sealed class DataObjectBuilder(int bodyBytes) : IDisposable
{
    private const int Alignment = 4096;

    /// <summary>Headers are seldom longer than this part of the body: the buffer is not made anew for the next, longer one.</summary>
    private const int HeaderPart = 16;

    /// <summary>A block is stored compressed when that saves at least an eighth of it.</summary>
    private const int SavingMin = 8;

    /// <summary>How much of a block is tried first.</summary>
    private const int SampleBytes = 4096;

    /// <summary>After data that does not compress, at most so many blocks are not even tried.</summary>
    private const int SkipMax = 16;

    private const int CompressionLevel = 1;

    private readonly byte[] _compressed = new byte[DataObjectHeader.BlockBytes];
    private readonly List<PlacedExtent> _extents = [];
    private readonly List<StoredBlock> _blocks = [];
    private byte[] _body = [];
    private byte[] _salt = [];
    private AesGcm? _cipher;
    private LogCompression _compression;
    private int _start;
    private int _front;
    private int _bodyEnd;
    private int _contentAt;
    private int _contentLength;
    private uint _sectors;
    private int _skip;
    private int _skipNext;

    /// <summary>Bytes of content so far.</summary>
    public long ContentBytes => (long)_sectors * Extent.SectorBytes;

    public int ExtentCount => _extents.Count;

    /// <summary>Starts an object.</summary>
    /// <param name="compression">How blocks are compressed.</param>
    /// <param name="key">Encrypts them, if not null.</param>
    /// <param name="volumeId">The volume.</param>
    /// <param name="random">Draws the salt.</param>
    /// <param name="headerBytes">What <see cref="DataObjectHeader.LengthOf"/> says of the extents that will come, if they are
    /// known: the object is then in one piece. Otherwise 0.</param>
    public void Begin(LogCompression compression, VolumeKey? key, Guid volumeId, RandomFill random, int headerBytes)
    {
        (_bodyEnd, _contentAt, _contentLength, _front) = (_start, _start, 0, headerBytes);
        if (_body.Length == 0 || _start + headerBytes + bodyBytes > _body.Length)
            Grow(bodyBytes + Math.Max(headerBytes, bodyBytes / HeaderPart));
        _extents.Clear();
        _blocks.Clear();
        _bodyEnd = _contentAt = _start + _front;
        (_sectors, _skip, _skipNext, _compression) = (0, 0, 1, compression);
        _salt = new byte[VolumeKey.SaltBytes];
        random(_salt);
        _cipher?.Dispose();
        _cipher = key is null ? null : new AesGcm(key.Derive("skep object", volumeId, _salt), VolumeKey.TagBytes);
    }

    /// <summary>Announces the content that comes next.</summary>
    public void AddExtent(in PlacedExtent extent)
    {
        _extents.Add(extent);
        _sectors += extent.Length;
    }

    /// <summary>
    /// Room for content, at least a sector; call <see cref="Advance"/> when it is filled. It is where the content will stay
    /// if it does not compress, many blocks at a time; encrypted blocks grow by a tag and come one at a time.
    /// </summary>
    public Memory<byte> GetSpace(int bytesMax)
    {
        int end = _contentAt + _contentLength;
        int bytes = Math.Min(bytesMax, _cipher is null ? bytesMax : DataObjectHeader.BlockBytes - _contentLength);
        if (_body.Length - end < DataObjectHeader.BlockBytes + VolumeKey.TagBytes && _body.Length - end < bytes + VolumeKey.TagBytes)
            Grow(_body.Length + Math.Max(DataObjectHeader.BlockBytes * 2, _body.Length / 4));
        return _body.AsMemory(end, Math.Min(bytes, (_body.Length - end - VolumeKey.TagBytes) & -Extent.SectorBytes));
    }

    public void Advance(int bytes)
    {
        for (_contentLength += bytes; _contentLength >= DataObjectHeader.BlockBytes;)
            EndBlock(DataObjectHeader.BlockBytes);
    }

    /// <summary>Adds an extent with its content.</summary>
    public void AddContent(in PlacedExtent extent, ReadOnlySpan<byte> content)
    {
        AddExtent(extent);
        while (content.Length > 0)
        {
            var space = GetSpace(content.Length);
            content[..space.Length].CopyTo(space.Span);
            Advance(space.Length);
            content = content[space.Length..];
        }
    }

    /// <summary>Ends the object. The parts are valid until the next one begins.</summary>
    public BuiltObject Finish(Guid volumeId, uint epoch, uint id)
    {
        if (_contentLength > 0)
            EndBlock(_contentLength);
        var header = new DataObjectHeader
        {
            VolumeId = volumeId,
            Epoch = epoch,
            Id = id,
            IsEncrypted = _cipher is not null,
            Salt = _salt,
            Extents = _extents,
            Sectors = _sectors,
            Blocks = _blocks,
        }.Write();
        var body = _body.AsMemory((_start + _front).._bodyEnd);
        if (header.Length != _front)
            return new BuiltObject(id, _sectors, header, [header, body], [.. _extents]);
        header.CopyTo(_body.AsMemory(_start));
        return new BuiltObject(id, _sectors, header, [_body.AsMemory(_start.._bodyEnd)], [.. _extents]);
    }

    /// <summary>
    /// Gives the buffer's pages back to the system between two objects; the next gets fresh ones. What was built is gone with
    /// them. (Dropping the array would give nothing back before a collection, and an idle volume causes none.)
    /// </summary>
    public void ReleaseMemory()
    {
        int bytes = (_body.Length - _start) & -Alignment;
        // Advice: where the kernel does not take it, the pages stay.
        if (bytes > 0)
            _ = madvise(Marshal.UnsafeAddrOfPinnedArrayElement(_body, _start), (nuint)bytes, MADV_DONTNEED);
    }

    public void Dispose()
    {
        _cipher?.Dispose();
    }

    /// <summary>Brings the next block of content into the form and to the place in which it is stored.</summary>
    private void EndBlock(int contentBytes)
    {
        ReadOnlySpan<byte> content = _body.AsSpan(_contentAt, contentBytes);
        bool isCompressed = TryCompress(content, out var stored);
        if (!isCompressed)
            stored = content;
        // What is stored is never longer than its content, but for the tag, and behind that there is no content yet.
        var target = _body.AsSpan(_bodyEnd, stored.Length + (_cipher is null ? 0 : VolumeKey.TagBytes));
        if (_cipher is not null)
            _cipher.Encrypt(VolumeKey.Nonce((ulong)_blocks.Count), stored, target[..stored.Length], target[stored.Length..]);
        else if (isCompressed || _contentAt != _bodyEnd)
            stored.CopyTo(target);
        _blocks.Add(new StoredBlock((uint)(_bodyEnd - _start - _front), (uint)target.Length, Crc32C.Compute(target), isCompressed));
        _bodyEnd += target.Length;
        _contentAt += contentBytes;
        _contentLength -= contentBytes;
        if (_contentLength == 0)
            _contentAt = _bodyEnd;
    }

    /// <summary>Gets a larger buffer, and keeps what is in the one there was.</summary>
    private void Grow(int bytes)
    {
        int tags = (bytes / DataObjectHeader.BlockBytes + 2) * VolumeKey.TagBytes;
        byte[] grown = GC.AllocateUninitializedArray<byte>(bytes + tags + 2 * Alignment, pinned: true);
        int start = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(grown, 0) & (Alignment - 1));
        int used = _contentAt + _contentLength - _start;
        if (used > 0)
            _body.AsSpan(_start, used).CopyTo(grown.AsSpan(start));
        (_bodyEnd, _contentAt, _start, _body) = (_bodyEnd - _start + start, _contentAt - _start + start, start, grown);
    }

    /// <summary>Compresses a block, unless a sample or the blocks before say that it is not worth it.</summary>
    private bool TryCompress(ReadOnlySpan<byte> content, out ReadOnlySpan<byte> stored)
    {
        stored = default;
        if (_compression == LogCompression.None)
            return false;
        if (_skip > 0)
        {
            _skip--;
            return false;
        }
        int most = content.Length - content.Length / SavingMin;
        bool isPromising = content.Length < 4 * SampleBytes ||
            Zstd.Compress(content.Slice(content.Length / 2, SampleBytes), _compressed.AsSpan(0, SampleBytes - SampleBytes / SavingMin), CompressionLevel) > 0 ||
            Zstd.Compress(content[..SampleBytes], _compressed.AsSpan(0, SampleBytes - SampleBytes / SavingMin), CompressionLevel) > 0;
        int length = isPromising ? Zstd.Compress(content, _compressed.AsSpan(0, most), CompressionLevel) : 0;
        if (length == 0)
        {
            (_skip, _skipNext) = (_skipNext, Math.Min(SkipMax, _skipNext * 2));
            return false;
        }
        _skipNext = 1;
        stored = _compressed.AsSpan(0, length);
        return true;
    }
}

/// <summary>A data object ready for the store: its header, and all of it with the header.</summary>
internal sealed record BuiltObject(uint Id, uint Sectors, ReadOnlyMemory<byte> Header, ReadOnlyMemory<byte>[] Parts, PlacedExtent[] Extents)
{
    public ObjectAdded ToChange(ulong birth) => new(Id, Sectors, (uint)Header.Length, (uint)ObjectKeys.LengthOf(Parts), birth, Extents);
}
