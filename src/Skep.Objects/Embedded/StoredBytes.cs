using System.Buffers;
using System.Buffers.Binary;
using Skep.Objects.Disk;

namespace Skep.Objects.Embedded;

/// <summary>A content's bytes as they are stored, verified block by block. Not thread-safe.</summary>
internal abstract class StoredBytes(string what, long lengthBytes) : IDisposable
{
    /// <summary>Names the content in failures.</summary>
    protected string What => what;

    /// <summary>How many bytes there are.</summary>
    public long LengthBytes => lengthBytes;

    /// <summary>Fills a buffer from a range that is inside.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.Damaged"/> or <see cref="ObjectError.Io"/>.</exception>
    public abstract void Read(long offset, Span<byte> destination);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>The failure of bytes that are not what was stored.</summary>
    protected ObjectException Damaged(string why) => new(ObjectError.Damaged, $"{what} is damaged: {why}");
}

/// <summary>Bytes of a row.</summary>
internal sealed class InlineBytes : StoredBytes
{
    private readonly byte[] _data;

    public InlineBytes(string what, byte[] data, uint sum)
        : base(what, data.Length)
    {
        _data = data;
        if (BlockSums.Compute(data) is var found && found != sum)
            throw Damaged($"the CRC-32C of its {data.Length} bytes in the database is {found:x8}, expected {sum:x8}");
    }

    public override void Read(long offset, Span<byte> destination) => _data.AsSpan((int)offset, destination.Length).CopyTo(destination);

    public override void Dispose()
    {
    }
}

/// <summary>Bytes of a data file.</summary>
internal sealed class FileBytes(string what, IDataFile file, long id, long lengthBytes) : StoredBytes(what, lengthBytes)
{
    private byte[]? _sums;
    private byte[]? _block;
    private long _blockNumber = -1;

    public override void Read(long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            var number = offset / BlockSums.BlockBytes;
            var inBlock = (int)(offset % BlockSums.BlockBytes);
            var blockLength = (int)Math.Min(BlockSums.BlockBytes, LengthBytes - (number * BlockSums.BlockBytes));
            var count = Math.Min(destination.Length, blockLength - inBlock);
            if (count == blockLength && number != _blockNumber)
                ReadBlock(number, destination[..count]); // straight to where it is wanted
            else
                CachedBlock(number, blockLength).Slice(inBlock, count).CopyTo(destination);
            offset += count;
            destination = destination[count..];
        }
    }

    public override void Dispose()
    {
        file.Dispose();
        if (_block is { } block)
            ArrayPool<byte>.Shared.Return(block);
        _block = null;
    }

    private ReadOnlySpan<byte> CachedBlock(long number, int length)
    {
        _block ??= ArrayPool<byte>.Shared.Rent(BlockSums.BlockBytes);
        if (_blockNumber != number)
        {
            _blockNumber = -1;
            ReadBlock(number, _block.AsSpan(0, length));
            _blockNumber = number;
        }

        return _block.AsSpan(0, length);
    }

    private void ReadBlock(long number, Span<byte> destination)
    {
        _sums ??= ReadSums();
        var offset = number * BlockSums.BlockBytes;
        if (ReadFile(offset, destination) is var count && count != destination.Length)
            throw Damaged($"its file {DataNames.Format(id)} ends at byte {offset + count} of {LengthBytes}");
        var expected = BinaryPrimitives.ReadUInt32LittleEndian(_sums.AsSpan((int)number * sizeof(uint)));
        if (BlockSums.Compute(destination) is var found && found != expected)
            throw Damaged($"the CRC-32C of bytes {offset} to {offset + destination.Length - 1} of its file {DataNames.Format(id)} is {found:x8}, expected {expected:x8}");
    }

    private byte[] ReadSums()
    {
        var end = new byte[DataFooter.TableBytes(LengthBytes) + DataFooter.SizeBytes];
        if (ReadFile(LengthBytes, end) != end.Length)
            throw Damaged($"its file {DataNames.Format(id)} is cut: it has {file.LengthBytes} bytes, expected {LengthBytes + end.Length}");
        return DataFooter.Check(end, id, LengthBytes) is { } why ? throw Damaged($"file {DataNames.Format(id)}: {why}") : end;
    }

    private int ReadFile(long offset, Span<byte> destination)
    {
        try
        {
            return file.Read(offset, destination);
        }
        catch (IOException ex)
        {
            throw DiskErrors.Translate(ex, What);
        }
    }
}
