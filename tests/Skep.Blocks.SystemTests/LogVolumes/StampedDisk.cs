using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>
/// What a disk must hold, block by block: every block carries the number of the write that filled it, so that a lost write, an
/// old one that came back, another block's data and a torn or flipped byte are all told apart. A block holds what was
/// last acknowledged for it, or what was under way when its server died.
/// </summary>
/// <param name="sizeBytes">Whole blocks.</param>
/// <param name="firstStamp">Writes are numbered from here on.</param>
internal sealed class StampedDisk(long sizeBytes, long firstStamp = 1)
{
    public const int BlockBytes = 4096;

    private const int ReadBlocks = 256;
    private readonly Entry[] _blocks = new Entry[sizeBytes / BlockBytes];
    private long _stamp = firstStamp - 1;

    private struct Entry
    {
        public long Acknowledged;
        public long UnderWay;
        public bool IsUnderWay;
    }

    public int BlockCount => _blocks.Length;

    /// <summary>A write of blocks begins; one at a time for each block.</summary>
    /// <returns>What its data is stamped with; 0 for zeroes.</returns>
    public long Begin(int block, int count, bool isZero)
    {
        var stamp = isZero ? 0 : Interlocked.Increment(ref _stamp);
        foreach (ref var entry in _blocks.AsSpan(block, count))
            (entry.UnderWay, entry.IsUnderWay) = (stamp, true);
        return stamp;
    }

    /// <summary>The write was acknowledged.</summary>
    public void End(int block, int count)
    {
        foreach (ref var entry in _blocks.AsSpan(block, count))
            (entry.Acknowledged, entry.IsUnderWay) = (entry.UnderWay, false);
    }

    /// <summary>Fills a buffer of whole blocks.</summary>
    public static void Fill(Span<byte> destination, int block, long stamp)
    {
        if (stamp == 0)
        {
            destination.Clear();
            return;
        }
        for (; destination.Length > 0; destination = destination[BlockBytes..], block++)
        {
            var words = MemoryMarshal.Cast<byte, ulong>(destination[..BlockBytes]);
            BinaryPrimitives.WriteInt64LittleEndian(destination, stamp);
            BinaryPrimitives.WriteInt64LittleEndian(destination[8..], block);
            for (var i = 2; i < words.Length; i++)
                words[i] = Mix(((ulong)stamp << 24) + ((ulong)block << 9) + (ulong)i);
        }
    }

    /// <summary>Compares blocks that were read with what they may hold.</summary>
    /// <returns>Why they are wrong; null when they are not.</returns>
    public string? Check(ReadOnlySpan<byte> content, int block)
    {
        Span<byte> expected = stackalloc byte[BlockBytes];
        for (; content.Length > 0; content = content[BlockBytes..], block++)
        {
            var found = content[..BlockBytes];
            var entry = _blocks[block];
            Fill(expected, block, entry.Acknowledged);
            if (found.SequenceEqual(expected))
                continue;
            Fill(expected, block, entry.UnderWay);
            if (!entry.IsUnderWay || !found.SequenceEqual(expected))
                return $"block {block} holds {Describe(found, block)}; write {entry.Acknowledged} was acknowledged{(entry.IsUnderWay ? $", write {entry.UnderWay} was under way" : "")} (0: zeroes)";
        }
        return null;
    }

    /// <summary>Reads all of a device. What it holds is the truth from then on.</summary>
    /// <returns>How many blocks hold data; and what is wrong, null when nothing is.</returns>
    public async Task<(int DataBlocks, string? Wrong)> CheckAllAsync(IBlockDevice device, CancellationToken ct)
    {
        var buffer = new byte[ReadBlocks * BlockBytes];
        var dataBlocks = 0;
        for (var block = 0; block < _blocks.Length; block += ReadBlocks)
        {
            await device.ReadAsync(block * (long)BlockBytes, buffer, ct);
            if (Check(buffer, block) is { } wrong)
                return (dataBlocks, wrong);
            for (var i = 0; i < ReadBlocks; i++)
            {
                ref var entry = ref _blocks[block + i];
                (entry.Acknowledged, entry.IsUnderWay) = (BinaryPrimitives.ReadInt64LittleEndian(buffer.AsSpan(i * BlockBytes)), false);
                dataBlocks += entry.Acknowledged != 0 ? 1 : 0;
            }
        }
        return (dataBlocks, null);
    }

    /// <summary>
    /// Takes what a device holds for the truth, where each block is whole, its own, and no older than what another model
    /// knows to be there.
    /// </summary>
    /// <returns>What is wrong, null when nothing is.</returns>
    public async Task<string?> AdoptAsync(IBlockDevice device, long[] floor, CancellationToken ct)
    {
        var content = new byte[BlockBytes];
        for (var block = 0; block < _blocks.Length; block++)
        {
            await device.ReadAsync(block * (long)BlockBytes, content, ct);
            var stamp = BinaryPrimitives.ReadInt64LittleEndian(content);
            if (!IsWhole(content, block) || (stamp != 0 && stamp < floor[block]))
                return $"block {block} holds {Describe(content, block)}; write {floor[block]} is the oldest that it may hold";
            _blocks[block].Acknowledged = stamp;
        }
        return null;
    }

    /// <summary>What was last acknowledged for each block.</summary>
    public long[] Acknowledged() => [.. _blocks.Select(entry => entry.Acknowledged)];

    private static bool IsWhole(ReadOnlySpan<byte> found, int block)
    {
        Span<byte> whole = stackalloc byte[BlockBytes];
        Fill(whole, block, BinaryPrimitives.ReadInt64LittleEndian(found));
        return found.SequenceEqual(whole);
    }

    private static string Describe(ReadOnlySpan<byte> found, int block)
    {
        if (!found.ContainsAnyExcept((byte)0))
            return "zeroes";
        var (stamp, place) = (BinaryPrimitives.ReadInt64LittleEndian(found), BinaryPrimitives.ReadInt64LittleEndian(found[8..]));
        Span<byte> whole = stackalloc byte[BlockBytes];
        if (stamp <= 0 || place < 0 || place > int.MaxValue)
            return $"bytes that nobody wrote ({Convert.ToHexString(found[..16])}…)";
        Fill(whole, (int)place, stamp);
        return $"{(found.SequenceEqual(whole) ? "" : "a damaged copy of ")}write {stamp}{(place == block ? "" : $" of block {place}")}";
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
