using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>What the server sends in the transmission phase.</summary>
public sealed partial class NbdClient
{
    private const int ReceiveBufferSize = 128 << 10;

    /// <summary>A chunk without data is at most this long: 2^20 extents and what goes before them.</summary>
    private const int ChunkSizeMax = 8 + (16 << 20);

    private byte[] _received = new byte[ReceiveBufferSize];
    private int _receivedStart;
    private int _receivedEnd;

    /// <summary>Fails everything that waits, and everything that comes.</summary>
    private void Break(NbdException reason)
    {
        NbdClientRequest[] failed;
        lock (_lock)
        {
            _broken ??= reason;
            failed = [.. _pending.Values];
            _pending.Clear();
        }

        ShutdownSocket();
        foreach (var request in failed)
            request.Fail(new NbdException(_broken.Failure, _broken.Message, _broken));
        if (failed.Length > 0)
            _slots.Release(failed.Length);
    }

    private void ShutdownSocket()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // It is not connected any more, which is what was wanted.
        }
    }

    private async Task ReceiveAllAsync()
    {
        try
        {
            while (await ReceiveReplyAsync())
            {
            }

            Break(new NbdException(NbdFailure.Disconnected, $"{_options.EndPoint} closed the connection"));
        }
        catch (NbdException ex)
        {
            Break(ex);
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException)
        {
            Break(new NbdException(NbdFailure.Disconnected, $"the connection to {_options.EndPoint} broke: {ex.Message}", ex));
        }
    }

    private async ValueTask<bool> ReceiveReplyAsync()
    {
        if (!await FillAsync(sizeof(uint)))
            return false;
        var magic = BinaryPrimitives.ReadUInt32BigEndian(Received(sizeof(uint)));
        switch (magic)
        {
            case NBD_SIMPLE_REPLY_MAGIC when !_isExtended:
                await NeedAsync(SimpleReplySize);
                await ReceiveSimpleAsync();
                return true;
            case NBD_STRUCTURED_REPLY_MAGIC when _isStructured && !_isExtended:
                await NeedAsync(StructuredReplySize);
                await ReceiveChunkAsync(StructuredReplySize, BinaryPrimitives.ReadUInt32BigEndian(Received(StructuredReplySize)[16..]));
                return true;
            case NBD_EXTENDED_REPLY_MAGIC when _isExtended:
                await NeedAsync(ExtendedReplySize);
                await ReceiveChunkAsync(ExtendedReplySize, BinaryPrimitives.ReadUInt64BigEndian(Received(ExtendedReplySize)[24..]));
                return true;
            default:
                throw Wrong($"sent a reply that begins with 0x{magic:x8}");
        }
    }

    private async ValueTask ReceiveSimpleAsync()
    {
        var error = BinaryPrimitives.ReadUInt32BigEndian(Received(SimpleReplySize)[4..]);
        var cookie = BinaryPrimitives.ReadUInt64BigEndian(Received(SimpleReplySize)[8..]);
        _receivedStart += SimpleReplySize;
        var request = Find(cookie);
        var isWanted = request.TryBeginAnswer();
        if (error != NBD_SUCCESS)
            request.Failure = FailureOf(request, error, "");
        else if (request.Command == NBD_CMD_READ && _isStructured)
            throw Wrong("sent a simple reply to a read");
        else if (request.Command == NBD_CMD_READ)
            await ReceiveDataAsync(PlaceFor(request, isWanted, 0, (int)request.Length), (int)request.Length);
        Finish(cookie, request);
    }

    private async ValueTask ReceiveChunkAsync(int headerSize, ulong length)
    {
        var flags = BinaryPrimitives.ReadUInt16BigEndian(Received(headerSize)[4..]);
        var type = BinaryPrimitives.ReadUInt16BigEndian(Received(headerSize)[6..]);
        var cookie = BinaryPrimitives.ReadUInt64BigEndian(Received(headerSize)[8..]);
        _receivedStart += headerSize;
        var request = Find(cookie);
        var isWanted = request.TryBeginAnswer();
        if (type == NBD_REPLY_TYPE_OFFSET_DATA)
        {
            await ReceiveDataChunkAsync(request, isWanted, length);
        }
        else
        {
            if (length > ChunkSizeMax)
                throw Wrong($"sent a chunk of type {type} with {length} bytes");
            await NeedAsync((int)length);
            TakeChunk(request, isWanted, type, Received((int)length));
            _receivedStart += (int)length;
        }

        if ((flags & NBD_REPLY_FLAG_DONE) == 0)
            return;
        if (request is { Failure: null, Command: NBD_CMD_READ } && request.CoveredBytes != request.Length)
            throw Wrong($"answered a read of {request.Length} bytes with {request.CoveredBytes}");
        if (request is { Failure: null, Command: NBD_CMD_BLOCK_STATUS, ExtentCount: 0 })
            throw Wrong("answered a block status without the context asked for");
        Finish(cookie, request);
    }

    private async ValueTask ReceiveDataChunkAsync(NbdClientRequest request, bool isWanted, ulong length)
    {
        if (length <= sizeof(ulong) || length - sizeof(ulong) > (ulong)request.Length)
            throw Wrong($"sent {length} bytes in answer to a read of {request.Length}");
        await NeedAsync(sizeof(ulong));
        var offset = BinaryPrimitives.ReadInt64BigEndian(Received(sizeof(ulong)));
        _receivedStart += sizeof(ulong);
        var size = (int)(length - sizeof(ulong));
        var start = StartIn(request, offset, size);
        await ReceiveDataAsync(PlaceFor(request, isWanted, start, size), size);
        request.CoveredBytes += size;
    }

    private void TakeChunk(NbdClientRequest request, bool isWanted, ushort type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case NBD_REPLY_TYPE_NONE when body.Length == 0:
                break;
            case NBD_REPLY_TYPE_OFFSET_HOLE when body.Length == 12:
                var size = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(body[8..]), int.MaxValue);
                var start = StartIn(request, BinaryPrimitives.ReadInt64BigEndian(body), size);
                if (isWanted)
                    request.Destination.Span.Slice(start, size).Clear();
                request.CoveredBytes += size;
                break;
            case NBD_REPLY_TYPE_BLOCK_STATUS when !_isExtended && body.Length > 4 && (body.Length - 4) % 8 == 0:
                TakeStatus(request, isWanted, body);
                break;
            case NBD_REPLY_TYPE_BLOCK_STATUS_EXT when _isExtended && body.Length > 8 && (body.Length - 8) % 16 == 0:
                TakeExtendedStatus(request, isWanted, body);
                break;
            case >= NBD_REPLY_TYPE_FLAG_ERROR when body.Length >= 6:
                var messageSize = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(body[4..]), body.Length - 6);
                request.Failure ??= FailureOf(request, BinaryPrimitives.ReadUInt32BigEndian(body), Encoding.UTF8.GetString(body.Slice(6, messageSize)));
                break;
            default:
                throw Wrong($"sent a chunk of type {type} with {body.Length} bytes");
        }
    }

    private static void TakeStatus(NbdClientRequest request, bool isWanted, ReadOnlySpan<byte> body)
    {
        if (!isWanted || BinaryPrimitives.ReadUInt32BigEndian(body) != request.ContextId)
            return;
        for (body = body[4..]; body.Length > 0 && request.ExtentCount < request.Extents.Length; body = body[8..])
            request.Extents.Span[request.ExtentCount++] = new NbdExtent(BinaryPrimitives.ReadUInt32BigEndian(body), BinaryPrimitives.ReadUInt32BigEndian(body[4..]));
    }

    private static void TakeExtendedStatus(NbdClientRequest request, bool isWanted, ReadOnlySpan<byte> body)
    {
        if (!isWanted || BinaryPrimitives.ReadUInt32BigEndian(body) != request.ContextId)
            return;
        for (body = body[8..]; body.Length > 0 && request.ExtentCount < request.Extents.Length; body = body[16..])
            request.Extents.Span[request.ExtentCount++] = new NbdExtent(BinaryPrimitives.ReadInt64BigEndian(body), (uint)BinaryPrimitives.ReadUInt64BigEndian(body[8..]));
    }

    private static Memory<byte>? PlaceFor(NbdClientRequest request, bool isWanted, int start, int size) =>
        isWanted ? new Memory<byte>?(request.Destination.Slice(start, size)) : null;

    /// <summary>Receives data to its place; without a place it is thrown away.</summary>
    private async ValueTask ReceiveDataAsync(Memory<byte>? destination, int length)
    {
        while (length > 0)
        {
            if (_receivedEnd == _receivedStart && destination is { } rest && rest.Length >= ReceiveBufferSize)
            {
                // What does not fit into the buffer goes past it.
                var count = await _stream.ReadAsync(rest, CancellationToken.None);
                if (count == 0)
                    throw Wrong("closed the connection in the middle of a reply");
                destination = rest[count..];
                length -= count;
                continue;
            }

            await NeedAsync(1);
            var part = Math.Min(length, _receivedEnd - _receivedStart);
            if (destination is { } here)
            {
                Received(part).CopyTo(here.Span);
                destination = here[part..];
            }

            _receivedStart += part;
            length -= part;
        }
    }

    private int StartIn(NbdClientRequest request, long offset, int size)
    {
        if (request.Command != NBD_CMD_READ || size <= 0 || offset < request.Offset || offset - request.Offset > request.Length - size)
            throw Wrong($"answered a request for {request.Length} bytes at {request.Offset} with {size} at {offset}");
        return (int)(offset - request.Offset);
    }

    private NbdClientRequest Find(ulong cookie)
    {
        lock (_lock)
            return _pending.GetValueOrDefault(cookie) ?? throw Wrong($"answered a request {cookie} that is not under way");
    }

    private void Finish(ulong cookie, NbdClientRequest request)
    {
        lock (_lock)
        {
            if (!_pending.Remove(cookie))
                return; // the connection was broken meanwhile, which has failed the request
        }

        request.Complete();
        _slots.Release();
    }

    private BlockDeviceException FailureOf(NbdClientRequest request, uint error, string message)
    {
        var (kind, name) = error switch
        {
            NBD_EPERM => (BlockError.ReadOnly, "EPERM"),
            NBD_EINVAL => (BlockError.OutOfRange, "EINVAL"),
            NBD_EOVERFLOW => (BlockError.OutOfRange, "EOVERFLOW"),
            NBD_ENOSPC => (BlockError.NoSpace, "ENOSPC"),
            NBD_ENOTSUP => (BlockError.NotSupported, "ENOTSUP"),
            NBD_ESHUTDOWN => (BlockError.Shutdown, "ESHUTDOWN"),
            NBD_EIO => (BlockError.Io, "EIO"),
            _ => (BlockError.Io, $"error {error}"),
        };
        var detail = message.Length > 0 ? $": {message}" : "";
        return new BlockDeviceException(kind, $"{_options.EndPoint}: command {request.Command} for {request.Length} bytes at {request.Offset} failed with {name}{detail}");
    }

    private ReadOnlySpan<byte> Received(int length) => _received.AsSpan(_receivedStart, length);

    private async ValueTask NeedAsync(int length)
    {
        if (!await FillAsync(length))
            throw Wrong("closed the connection in the middle of a reply");
    }

    /// <summary>Receives until there are so many bytes; false at the end.</summary>
    private async ValueTask<bool> FillAsync(int length)
    {
        while (_receivedEnd - _receivedStart < length)
        {
            if (_receivedStart + length > _received.Length || _receivedStart == _receivedEnd)
                MakeRoom(length);
            var count = await _stream.ReadAsync(_received.AsMemory(_receivedEnd), CancellationToken.None);
            if (count == 0)
                return _receivedEnd == _receivedStart ? false : throw Wrong("closed the connection in the middle of a reply");
            _receivedEnd += count;
        }

        return true;
    }

    private void MakeRoom(int length)
    {
        var left = _received.AsSpan(_receivedStart, _receivedEnd - _receivedStart);
        if (length > _received.Length)
        {
            var larger = new byte[length];
            left.CopyTo(larger);
            _received = larger;
        }
        else
        {
            left.CopyTo(_received);
        }

        (_receivedStart, _receivedEnd) = (0, left.Length);
    }

    private NbdException Wrong(string what) => new(NbdFailure.Protocol, $"{_options.EndPoint} {what}");
}
