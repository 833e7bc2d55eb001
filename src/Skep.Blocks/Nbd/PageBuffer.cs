using System.Buffers;
using System.Runtime.InteropServices;

namespace Skep.Blocks.Nbd;

/// <summary>
/// Memory outside the collected heap: a page for reply headers, then page-aligned data. A reply's header is written right
/// before its data, so that both leave as one piece.
/// </summary>
internal sealed unsafe class PageBuffer : MemoryManager<byte>
{
    /// <summary>The page before the data.</summary>
    public const int PrefixSize = 4096;

    private byte* _start;

    public PageBuffer(int capacity)
    {
        Capacity = capacity;
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)PrefixSize + (nuint)capacity, PrefixSize);
    }

    /// <summary>Bytes of data that fit.</summary>
    public int Capacity { get; }

    /// <summary>What it costs of a budget.</summary>
    public int ChargedSize => ChargeOf(Capacity);

    /// <summary>The first byte of the data.</summary>
    public byte* Data => _start + PrefixSize;

    /// <summary>The first byte of the page before the data.</summary>
    public byte* Prefix => _start;

    public static int ChargeOf(int capacity) => PrefixSize + capacity;

    public override Span<byte> GetSpan() => new(_start, PrefixSize + Capacity);

    /// <summary>The first <paramref name="length"/> bytes of the data.</summary>
    public Memory<byte> DataMemory(int length) => CreateMemory(PrefixSize, length);

    /// <summary>The same for the processor.</summary>
    public Span<byte> DataSpan(int length) => new(Data, length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    /// <summary>Gives the memory back to the system; nothing may use it any more.</summary>
    public void Free() => Dispose(true);

    protected override void Dispose(bool disposing)
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
    }
}
