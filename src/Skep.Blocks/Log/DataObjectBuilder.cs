using System.Security.Cryptography;
using Skep.Blocks.Compression;

namespace Skep.Blocks.Log;

/// <summary>Builds data objects, one at a time; used again and again because of its large buffer.</summary>
internal sealed class DataObjectBuilder(int bodyBytes) : IDisposable
{
    /// <summary>A block is stored compressed when that saves at least an eighth of it.</summary>
    private const int SavingMin = 8;

    /// <summary>How much of a block is tried first.</summary>
    private const int SampleBytes = 4096;

    /// <summary>After data that does not compress, at most so many blocks are not even tried.</summary>
    private const int SkipMax = 16;

    private const int CompressionLevel = 1;

    private readonly byte[] _block = new byte[DataObjectHeader.BlockBytes];
    private readonly byte[] _compressed = new byte[DataObjectHeader.BlockBytes];
    private readonly List<PlacedExtent> _extents = [];
    private readonly List<StoredBlock> _blocks = [];
    private byte[] _body = new byte[bodyBytes];
    private byte[] _salt = [];
    private AesGcm? _cipher;
    private LogCompression _compression;
    private int _bodyLength;
    private int _blockLength;
    private uint _sectors;
    private int _skip;
    private int _skipNext;

    /// <summary>Bytes of content so far.</summary>
    public long ContentBytes => (long)_sectors * Extent.SectorBytes;

    public int ExtentCount => _extents.Count;

    /// <summary>Starts an object.</summary>
    public void Begin(LogCompression compression, VolumeKey? key, Guid volumeId, RandomFill random)
    {
        _extents.Clear();
        _blocks.Clear();
        (_bodyLength, _blockLength, _sectors, _skip, _skipNext, _compression) = (0, 0, 0, 0, 1, compression);
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

    /// <summary>Room for content, at least a sector; call <see cref="Advance"/> when it is filled.</summary>
    public Memory<byte> GetSpace(int bytesMax) => _block.AsMemory(_blockLength, Math.Min(bytesMax, _block.Length - _blockLength));

    public void Advance(int bytes)
    {
        _blockLength += bytes;
        if (_blockLength == _block.Length)
            EndBlock();
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
        if (_blockLength > 0)
            EndBlock();
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
        return new BuiltObject(id, _sectors, header, _body.AsMemory(0, _bodyLength), [.. _extents]);
    }

    public void Dispose()
    {
        _cipher?.Dispose();
    }

    private void EndBlock()
    {
        ReadOnlySpan<byte> content = _block.AsSpan(0, _blockLength);
        bool isCompressed = TryCompress(content, out var stored);
        if (!isCompressed)
            stored = content;
        int tagBytes = _cipher is null ? 0 : VolumeKey.TagBytes;
        int length = stored.Length + tagBytes;
        if (_body.Length - _bodyLength < length)
            Array.Resize(ref _body, _body.Length + Math.Max(length, _body.Length / 4));
        var target = _body.AsSpan(_bodyLength, length);
        if (_cipher is null)
            stored.CopyTo(target);
        else
            _cipher.Encrypt(VolumeKey.Nonce((ulong)_blocks.Count), stored, target[..stored.Length], target[stored.Length..]);
        _blocks.Add(new StoredBlock((uint)_bodyLength, (uint)length, Crc32C.Compute(target), isCompressed));
        _bodyLength += length;
        _blockLength = 0;
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

/// <summary>A data object ready for the store.</summary>
internal sealed record BuiltObject(uint Id, uint Sectors, ReadOnlyMemory<byte> Header, ReadOnlyMemory<byte> Body, PlacedExtent[] Extents)
{
    public ObjectAdded ToChange(ulong birth) =>
        new(Id, Sectors, (uint)Header.Length, (uint)(Header.Length + Body.Length), birth, Extents);
}
