using System.Runtime.InteropServices;

namespace Skep.Blocks.Log;

/// <summary>
/// A run of sectors of a volume and where its content is, in 20 bytes: a map holds millions of them.
/// </summary>
/// <param name="Start">The first sector.</param>
/// <param name="Length">How many sectors.</param>
/// <param name="Source">The object or log segment that has the content, or <see cref="Hole"/> or <see cref="Zero"/>.</param>
/// <param name="Offset">The first sector's place in the source, in sectors; for holes and zeroes a mark that does not advance.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct Extent(ulong Start, uint Length, uint Source, uint Offset)
{
    /// <summary>Bytes of a sector, the unit of the maps.</summary>
    public const int SectorBytes = 512;

    /// <summary>Longer runs are several extents.</summary>
    public const uint LengthMax = 1u << 31;

    /// <summary>Source of what was trimmed: zeroes that take no space.</summary>
    public const uint Hole = uint.MaxValue;

    /// <summary>Source of zeroes that count as allocated.</summary>
    public const uint Zero = uint.MaxValue - 1;

    /// <summary>Sources from here on are not objects.</summary>
    public const uint SourceMax = uint.MaxValue - 16;

    public ulong End => Start + Length;

    /// <summary>Whether the content is stored somewhere.</summary>
    public bool IsData => Source < SourceMax;

    /// <summary>The range, as part of an object that was just written.</summary>
    public PlacedExtent ToPlaced() => new(Start, Length, PlacedExtent.Unconditional, 0);

    /// <summary>The part from one sector up to another, both within.</summary>
    public Extent Slice(ulong start, ulong end) =>
        new(start, (uint)(end - start), Source, IsData ? Offset + (uint)(start - Start) : Offset);

    /// <summary>The part within a range that overlaps it.</summary>
    public Extent Clip(ulong start, ulong end) => Slice(Math.Max(start, Start), Math.Min(end, End));

    /// <summary>Whether the other goes on where this ends, in the volume and in the source.</summary>
    public bool IsFollowedBy(in Extent next) =>
        End == next.Start && Source == next.Source && Length + (ulong)next.Length <= LengthMax &&
        next.Offset == (IsData ? Offset + Length : Offset);

    /// <summary>Whether both have the same content at a sector that lies in both.</summary>
    public bool IsSamePlace(in Extent other, ulong sector) => Slice(sector, sector).IsSame(other.Slice(sector, sector));

    private bool IsSame(in Extent other) => Source == other.Source && Offset == other.Offset;
}
