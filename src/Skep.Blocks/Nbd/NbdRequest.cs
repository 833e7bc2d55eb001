using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Skep.Blocks.Nbd;

/// <summary>One request of a connection from its header to the last byte of its reply. Reused without end.</summary>
internal sealed unsafe class NbdRequest
{
    /// <summary>Room for the header of any reply without data: an error with its message, or a hole.</summary>
    public const int HeaderSize = 512;

    private byte* _header = (byte*)NativeMemory.AlignedAlloc(HeaderSize, 64);

    public NbdRequest(Action<NbdRequest> completed) => Completed = () => completed(this);

    public ushort Command { get; set; }

    public ushort Flags { get; set; }

    public ulong Cookie { get; set; }

    public long Offset { get; set; }

    public long Length { get; set; }

    /// <summary>Bit N stands for the selected metadata context N: those that NBD_CMD_BLOCK_STATUS asks for.</summary>
    public uint ContextMask { get; set; }

    /// <summary>The payload, or what was read.</summary>
    public PageBuffer? Buffer { get; set; }

    /// <summary>How a read is cut into data and holes; none when it is one piece of data.</summary>
    public NbdChunk[] Chunks { get; private set; } = [];

    public int ChunkCount { get; set; }

    /// <summary>The size of a reply that was made in <see cref="Buffer"/>, in bytes.</summary>
    public int ReplySize { get; set; }

    /// <summary>NBD_SUCCESS or an error value.</summary>
    public uint Error { get; set; }

    /// <summary>For people; only structured and extended replies carry it.</summary>
    public string ErrorMessage { get; set; } = "";

    /// <summary>Where it went wrong; -1 when that is not known.</summary>
    public long ErrorOffset { get; set; } = -1;

    /// <summary>What is going on in the device.</summary>
    public ValueTaskAwaiter Awaiter { get; set; }

    /// <summary>Called by the device's awaiter.</summary>
    public Action Completed { get; }

    /// <summary>The next one in whatever list it is in.</summary>
    public NbdRequest? Next { get; set; }

    /// <summary>The reply in pieces.</summary>
    public NbdSegment[] Segments { get; private set; } = new NbdSegment[4];

    public int SegmentCount { get; private set; }

    /// <summary>Room for a small reply.</summary>
    public byte* Header => _header;

    public void AddSegment(byte* start, int length)
    {
        if (SegmentCount == Segments.Length)
        {
            var larger = new NbdSegment[SegmentCount * 2];
            Segments.CopyTo(larger, 0);
            Segments = larger;
        }

        Segments[SegmentCount++] = new NbdSegment((nint)start, length);
    }

    /// <summary>Adds a piece of a read, to the piece before it when they are of one kind.</summary>
    public void AddChunk(int start, int length, bool isHole)
    {
        if (ChunkCount > 0 && Chunks[ChunkCount - 1] is var before && before.IsHole == isHole)
        {
            Chunks[ChunkCount - 1] = before with { Length = before.Length + length };
            return;
        }

        if (ChunkCount == Chunks.Length)
        {
            var larger = new NbdChunk[Math.Max(8, ChunkCount * 2)];
            Chunks.CopyTo(larger, 0);
            Chunks = larger;
        }

        Chunks[ChunkCount++] = new NbdChunk(start, length, isHole);
    }

    public void Reset()
    {
        ChunkCount = 0;
        ReplySize = 0;
        Error = NbdProtocol.NBD_SUCCESS;
        ErrorMessage = "";
        ErrorOffset = -1;
        SegmentCount = 0;
        Awaiter = default;
        Next = null;
    }

    /// <summary>Gives the memory back; nothing may use the request any more.</summary>
    public void Free()
    {
        NativeMemory.AlignedFree(_header);
        _header = null;
    }
}

/// <summary>A piece of a reply, in memory that does not move.</summary>
internal readonly record struct NbdSegment(nint Address, int Length);

/// <summary>A piece of a read.</summary>
/// <param name="Start">Bytes from the beginning of the read.</param>
/// <param name="Length">Bytes.</param>
/// <param name="IsHole">It reads as zeroes and is not sent.</param>
internal readonly record struct NbdChunk(int Start, int Length, bool IsHole);
