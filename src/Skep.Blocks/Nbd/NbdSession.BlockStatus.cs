using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>NBD_CMD_BLOCK_STATUS.</summary>
internal sealed partial class NbdSession
{
    /// <summary>A context is described in at most so many extents; the client asks on where they end.</summary>
    private const int StatusExtentsMax = 1_024;

    /// <summary>A length of 32 bits is cut to this many bytes.</summary>
    private const long CompactLengthMax = 0xffff_0000;

    /// <summary>Room for a chunk of each selected context.</summary>
    private int StatusSizeMax => _contexts.Count * (ExtendedReplySize + 8 + (StatusExtentsMax * (_isExtended ? 16 : 8)));

    private static bool IsSelectionSize(int size) =>
        size >= sizeof(ulong) && (size - sizeof(ulong)) % sizeof(uint) == 0 && size <= sizeof(ulong) + (ContextsMax * sizeof(uint));

    /// <summary>Reads the payload of an extended request: a length, and the contexts asked for.</summary>
    private bool ReadSelection(NbdRequest request)
    {
        ReadOnlySpan<byte> payload = request.Buffer!.DataSpan(_payloadSize);
        request.Length = (long)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(payload), long.MaxValue);
        request.ContextMask = 0;
        for (payload = payload[sizeof(ulong)..]; payload.Length > 0; payload = payload[sizeof(uint)..])
        {
            var id = BinaryPrimitives.ReadUInt32BigEndian(payload);
            if (id >= _contexts.Count || (request.ContextMask & (1u << (int)id)) != 0)
                return Fail(request, NBD_EINVAL, $"context {id} is asked for twice or was not selected");
            request.ContextMask |= 1u << (int)id;
        }

        return (request is { Length: > 0, ContextMask: not 0 } || Fail(request, NBD_EINVAL, "a status of nothing")) && CheckRange(request, NBD_EINVAL);
    }

    private async ValueTask DescribeAsync(NbdRequest request, CancellationToken ct)
    {
        var extents = ArrayPool<NbdExtent>.Shared.Rent(StatusExtentsMax);
        try
        {
            var filled = 0;
            var left = BitOperations.PopCount(request.ContextMask & (uint)((1UL << _contexts.Count) - 1));
            for (var id = 0; id < _contexts.Count; id++)
            {
                if ((request.ContextMask & (1u << id)) == 0)
                    continue;
                var room = (request.Flags & NBD_CMD_FLAG_REQ_ONE) != 0 ? extents.AsMemory(0, 1) : extents.AsMemory(0, StatusExtentsMax);
                var count = _contexts[id].Index < 0
                    ? await DescribeAllocationAsync(request, room, ct)
                    : await ((INbdMetaContexts)_device).DescribeContextAsync(_contexts[id].Index, request.Offset, request.Length, room, ct);
                filled += WriteStatus(request, filled, (uint)id, room.Span[..count], isLast: --left == 0);
            }

            request.ReplySize = filled;
        }
        finally
        {
            ArrayPool<NbdExtent>.Shared.Return(extents);
        }
    }

    private async ValueTask<int> DescribeAllocationAsync(NbdRequest request, Memory<NbdExtent> room, CancellationToken ct)
    {
        var extents = ArrayPool<BlockExtent>.Shared.Rent(room.Length);
        try
        {
            var count = await _device.DescribeAsync(request.Offset, request.Length, extents.AsMemory(0, room.Length), ct);
            for (var i = 0; i < count; i++)
                room.Span[i] = new NbdExtent(extents[i].LengthBytes, (extents[i].IsHole ? NBD_STATE_HOLE : 0) | (extents[i].IsZero ? NBD_STATE_ZERO : 0));
            return count;
        }
        finally
        {
            ArrayPool<BlockExtent>.Shared.Return(extents);
        }
    }

    /// <summary>Writes one chunk into the request's buffer.</summary>
    /// <returns>Its size in bytes.</returns>
    private int WriteStatus(NbdRequest request, int at, uint id, ReadOnlySpan<NbdExtent> extents, bool isLast)
    {
        var chunk = request.Buffer!.DataSpan(request.Buffer.Capacity)[at..];
        var prefix = _isExtended ? 8 : 4;
        var body = chunk[ChunkHeaderSize..];
        var isOne = (request.Flags & NBD_CMD_FLAG_REQ_ONE) != 0;
        var size = prefix;
        var count = 0u;
        long described = 0;
        for (var i = 0; i < extents.Length && described < request.Length; i++)
        {
            // Neighbours of one kind are one.
            var (length, flags) = extents[i];
            while (i + 1 < extents.Length && extents[i + 1].Flags == flags)
                length += extents[++i].LengthBytes;
            var whole = length;
            // Nothing is said about what is beyond the end, nor beyond the range where one extent is asked for.
            length = Math.Min(length, (isOne ? request.Length : _device.SizeBytes - request.Offset) - described);
            if (!_isExtended)
                length = Math.Min(length, CompactLengthMax);
            size += WriteExtent(body[size..], length, flags);
            count++;
            described += length;
            if (isOne || length < whole)
                break;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, id);
        if (_isExtended)
            BinaryPrimitives.WriteUInt32BigEndian(body[4..], count);
        WriteChunk(chunk, request, _isExtended ? NBD_REPLY_TYPE_BLOCK_STATUS_EXT : NBD_REPLY_TYPE_BLOCK_STATUS, size, isLast);
        return ChunkHeaderSize + size;
    }

    private int WriteExtent(Span<byte> destination, long length, uint flags)
    {
        if (_isExtended)
        {
            BinaryPrimitives.WriteInt64BigEndian(destination, length);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], flags);
            return 16;
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)length);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], flags);
        return 8;
    }

    private static unsafe void AnswerStatus(NbdRequest request) => request.AddSegment(request.Buffer!.Data, request.ReplySize);
}
