namespace Skep.Blocks.Log.Replication;

/// <summary>
/// Frames on their way to a keeper, in one block of memory that is used round and round: what is put in at the end is sent from
/// there and freed at the beginning. Allocates nothing once it has grown to its load. Not thread-safe.
/// </summary>
internal sealed class FrameRing(int lengthBytes)
{
    public const int SegmentFrameBytes = ReplicaFrame.HeaderBytes + SegmentPayloadBytes;

    /// <summary>The bytes of a segment's header that say something, and the length of the segment.</summary>
    public const int SegmentPayloadBytes = WalSegmentHeader.CopyBytes + sizeof(int);

    private const int RunBytesMax = 1 << 20;

    private readonly byte[] _ring = GC.AllocateUninitializedArray<byte>(lengthBytes, pinned: true);

    /// <summary>The segment that the first frame of the ring belongs to.</summary>
    private readonly byte[] _headSegment = new byte[SegmentFrameBytes];
    private Entry[] _entries = new Entry[64];
    private long _first;
    private long _next;
    private long _sent;
    private long _runFirst = long.MaxValue;
    private int _tail;
    private bool _hasHeadSegment;
    private bool _isHeadDue;

    private readonly record struct Entry(ReplicaFrameKind Kind, ulong Number, int Offset, int Length);

    public int LengthBytes => _ring.Length;

    public static int RecordFrameBytes(int usedBytes, int dataBytes) => ReplicaFrame.HeaderBytes + usedBytes + dataBytes;

    /// <summary>Whether so many bytes fit, one after the other.</summary>
    public bool HasRoom(int bytes) => Place(bytes) >= 0;

    public void AddSegment(WalSegmentHeader header, int segmentBytes)
    {
        var frame = Take(ReplicaFrameKind.Segment, header.FirstSequence, SegmentPayloadBytes);
        var payload = frame[ReplicaFrame.HeaderBytes..];
        header.WriteCopy(payload);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(payload[WalSegmentHeader.CopyBytes..], segmentBytes);
        new ReplicaFrame(ReplicaFrameKind.Segment, header.FirstSequence, SegmentPayloadBytes).Seal(frame);
    }

    public void AddRecord(ulong sequence, int usedBytes, int dataBytes, List<ReadOnlyMemory<byte>> parts)
    {
        var frame = Take(ReplicaFrameKind.Record, sequence, usedBytes + dataBytes);
        var payload = frame[ReplicaFrame.HeaderBytes..];
        parts[0].Span[..usedBytes].CopyTo(payload);
        payload = payload[usedBytes..];
        for (int i = 1; payload.Length > 0; i++)
        {
            // The padding behind the data is not sent.
            var part = parts[i].Span;
            part = part[..Math.Min(part.Length, payload.Length)];
            part.CopyTo(payload);
            payload = payload[part.Length..];
        }
        new ReplicaFrame(ReplicaFrameKind.Record, sequence, usedBytes + dataBytes).Seal(frame);
    }

    /// <summary>Adds a flush or a sync.</summary>
    /// <returns>False when there is no room; then others are on their way.</returns>
    public bool TryAdd(ReplicaFrameKind kind, ulong sequence)
    {
        if (!HasRoom(ReplicaFrame.HeaderBytes))
            return false;
        var frame = Take(kind, sequence, 0);
        new ReplicaFrame(kind, sequence, 0).Seal(frame);
        return true;
    }

    /// <summary>The next frames to send that lie together; empty when there are none. Nothing of them is freed before <see cref="EndRun"/>.</summary>
    public ReadOnlyMemory<byte> TakeRun()
    {
        if (_sent == _next)
            return default;
        _runFirst = _sent;
        var entry = At(_sent);
        int start = entry.Offset, end = entry.Offset + entry.Length;
        for (_sent++; _sent < _next && end - start < RunBytesMax && At(_sent).Offset == end; _sent++)
            end += At(_sent).Length;
        return _ring.AsMemory(start, end - start);
    }

    /// <summary>On a new connection, the segment that the first frames belong to and that the keeper was told of before; empty if there is none.</summary>
    public ReadOnlyMemory<byte> TakeHead()
    {
        bool isDue = _isHeadDue;
        _isHeadDue = false;
        return isDue ? _headSegment : default(ReadOnlyMemory<byte>);
    }

    /// <summary>What <see cref="TakeRun"/> gave is not read any more.</summary>
    public void EndRun(ulong covered)
    {
        _runFirst = long.MaxValue;
        Free(covered);
    }

    /// <summary>Frees frames whose records need no copy here any more.</summary>
    public void Free(ulong covered)
    {
        while (_first < _sent && _first < _runFirst && At(_first) is var entry && entry.Number <= covered)
        {
            if (entry.Kind == ReplicaFrameKind.Segment)
            {
                _ring.AsSpan(entry.Offset, entry.Length).CopyTo(_headSegment);
                _hasHeadSegment = true;
            }
            _first++;
        }
    }

    /// <summary>Sends everything once more, on a new connection.</summary>
    public void Rewind()
    {
        _sent = _first;
        _isHeadDue = _hasHeadSegment;
    }

    public void Clear()
    {
        _first = _sent = _next;
        _hasHeadSegment = _isHeadDue = false;
    }

    private ref Entry At(long index) => ref _entries[index & (_entries.Length - 1)];

    private Span<byte> Take(ReplicaFrameKind kind, ulong number, int payloadBytes)
    {
        int length = ReplicaFrame.HeaderBytes + payloadBytes;
        int at = Place(length);
        if (_next - _first == _entries.Length)
            GrowEntries();
        At(_next++) = new Entry(kind, number, at, length);
        _tail = at + length;
        return _ring.AsSpan(at, length);
    }

    /// <summary>Where so many bytes fit; -1 for nowhere.</summary>
    private int Place(int bytes)
    {
        if (_first == _next)
            return bytes <= _ring.Length ? 0 : -1;
        int head = At(_first).Offset;
        if (_tail <= head)
            return head - _tail >= bytes ? _tail : -1;
        if (_ring.Length - _tail >= bytes)
            return _tail;
        return head >= bytes ? 0 : -1;
    }

    private void GrowEntries()
    {
        var grown = new Entry[_entries.Length * 2];
        for (long i = _first; i < _next; i++)
            grown[i & (grown.Length - 1)] = At(i);
        _entries = grown;
    }
}
