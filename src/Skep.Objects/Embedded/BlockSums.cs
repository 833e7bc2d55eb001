using System.Buffers.Binary;
using Skep.Objects.Checksums;

namespace Skep.Objects.Embedded;

/// <summary>The CRC-32C of every block of a data file, computed while it is written.</summary>
internal sealed class BlockSums
{
    /// <summary>Bytes of every block but the last.</summary>
    public const int BlockBytes = 128 * 1024;

    private readonly List<uint> _sums = [];
    private ulong _sum;
    private int _inBlock;

    /// <summary>Bytes so far.</summary>
    public long LengthBytes { get; private set; }

    /// <summary>The CRC-32C of bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => (uint)Crc.Crc32C.Append(0, bytes);

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        LengthBytes += bytes.Length;
        while (bytes.Length > 0)
        {
            var part = bytes[..Math.Min(bytes.Length, BlockBytes - _inBlock)];
            _sum = Crc.Crc32C.Append(_sum, part);
            _inBlock += part.Length;
            if (_inBlock == BlockBytes)
                EndBlock();
            bytes = bytes[part.Length..];
        }
    }

    /// <summary>The table and footer that end the file.</summary>
    public byte[] Finish(long id)
    {
        if (_inBlock > 0)
            EndBlock();
        var end = new byte[DataFooter.TableBytes(LengthBytes) + DataFooter.SizeBytes];
        for (var i = 0; i < _sums.Count; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(i * sizeof(uint)), _sums[i]);
        DataFooter.Write(end, id, LengthBytes);
        return end;
    }

    private void EndBlock()
    {
        _sums.Add((uint)_sum);
        _sum = 0;
        _inBlock = 0;
    }
}
