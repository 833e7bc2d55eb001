using System.Buffers.Binary;
using System.Text;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>Makes replies.</summary>
internal sealed partial class NbdSession
{
    /// <summary>Messages to clients are cut here.</summary>
    private const int MessageSizeMax = 256;

    private int ChunkHeaderSize => _isExtended ? ExtendedReplySize : StructuredReplySize;

    /// <summary>For the link: so many bytes of replies have left.</summary>
    public void Sent(long bytes)
    {
        var done = Outbox.Sent(bytes);
        var count = 0;
        for (var request = done; request is not null; request = request.Next)
        {
            count++;
            ReturnBuffer(request);
        }

        if (count == 0)
            return;
        Outbox.Release(done, count);
        Wake();
    }

    private void ReturnBuffer(NbdRequest request)
    {
        if (request.Buffer is not { } buffer)
            return;
        request.Buffer = null;
        _shared.Memory.Return(buffer, this);
    }

    /// <summary>The request is done, well or not: its reply is made and queued.</summary>
    private void Answer(NbdRequest request)
    {
        if (request.Error != NBD_SUCCESS)
        {
            ReturnBuffer(request);
            AnswerError(request);
        }
        else if (request is { Command: NBD_CMD_READ, Length: > 0 })
        {
            AnswerRead(request);
        }
        else if (request.Command == NBD_CMD_BLOCK_STATUS)
        {
            AnswerStatus(request);
        }
        else
        {
            // The payload of a write has done its duty.
            ReturnBuffer(request);
            AnswerDone(request);
        }

        Outbox.Enqueue(request);
    }

    private unsafe void AnswerDone(NbdRequest request)
    {
        // A read must have a structured reply where they are agreed on, everything else may have a simple one.
        var isSimple = !_isExtended && !(_isStructured && request.Command == NBD_CMD_READ);
        var size = isSimple ? SimpleReplySize : ChunkHeaderSize;
        var header = new Span<byte>(request.Header, size);
        if (isSimple)
            WriteSimple(header, request, NBD_SUCCESS);
        else
            WriteChunk(header, request, NBD_REPLY_TYPE_NONE, length: 0, isLast: true);
        request.AddSegment(request.Header, size);
    }

    private unsafe void AnswerRead(NbdRequest request)
    {
        var length = (int)request.Length;
        var data = request.Buffer!.Data;
        if (!_isStructured)
        {
            var header = data - SimpleReplySize;
            WriteSimple(new Span<byte>(header, SimpleReplySize), request, NBD_SUCCESS);
            request.AddSegment(header, SimpleReplySize + length);
            return;
        }

        if (request.ChunkCount == 0 || request is { ChunkCount: 1 } && !request.Chunks[0].IsHole)
        {
            var size = ChunkHeaderSize + sizeof(ulong);
            var header = data - size;
            WriteDataChunk(new Span<byte>(header, size), request, 0, length, isLast: true);
            request.AddSegment(header, size + length);
            return;
        }

        AnswerSparse(request, data);
    }

    private unsafe void AnswerSparse(NbdRequest request, byte* data)
    {
        // The headers are in the page before the data.
        var header = request.Buffer!.Prefix;
        for (var i = 0; i < request.ChunkCount; i++)
        {
            var (start, length, isHole) = request.Chunks[i];
            var isLast = i == request.ChunkCount - 1;
            var size = ChunkHeaderSize + sizeof(ulong) + (isHole ? sizeof(uint) : 0);
            var span = new Span<byte>(header, size);
            if (isHole)
            {
                WriteChunk(span, request, NBD_REPLY_TYPE_OFFSET_HOLE, sizeof(ulong) + sizeof(uint), isLast);
                BinaryPrimitives.WriteInt64BigEndian(span[ChunkHeaderSize..], request.Offset + start);
                BinaryPrimitives.WriteInt32BigEndian(span[(ChunkHeaderSize + sizeof(ulong))..], length);
            }
            else
            {
                WriteDataChunk(span, request, start, length, isLast);
            }

            request.AddSegment(header, size);
            if (!isHole)
                request.AddSegment(data + start, length);
            header += size;
        }
    }

    private unsafe void AnswerError(NbdRequest request)
    {
        if (!_isStructured)
        {
            WriteSimple(new Span<byte>(request.Header, SimpleReplySize), request, request.Error);
            request.AddSegment(request.Header, SimpleReplySize);
            return;
        }

        var span = new Span<byte>(request.Header, NbdRequest.HeaderSize);
        var body = span[ChunkHeaderSize..];
        var hasOffset = request.ErrorOffset >= 0;
        Utf8Cut(request.ErrorMessage, body.Slice(6, MessageSizeMax), out var messageSize);
        var bodySize = 6 + messageSize + (hasOffset ? sizeof(ulong) : 0);
        BinaryPrimitives.WriteUInt32BigEndian(body, request.Error);
        BinaryPrimitives.WriteUInt16BigEndian(body[4..], (ushort)messageSize);
        if (hasOffset)
            BinaryPrimitives.WriteInt64BigEndian(body[(6 + messageSize)..], request.ErrorOffset);
        WriteChunk(span, request, hasOffset ? NBD_REPLY_TYPE_ERROR_OFFSET : NBD_REPLY_TYPE_ERROR, bodySize, isLast: true);
        request.AddSegment(request.Header, ChunkHeaderSize + bodySize);
    }

    private static void Utf8Cut(string text, Span<byte> destination, out int written) =>
        Encoding.UTF8.GetEncoder().Convert(text, destination, flush: true, out _, out written, out _);

    private static void WriteSimple(Span<byte> header, NbdRequest request, uint error)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header, NBD_SIMPLE_REPLY_MAGIC);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], error);
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], request.Cookie);
    }

    private void WriteDataChunk(Span<byte> header, NbdRequest request, int start, int length, bool isLast)
    {
        WriteChunk(header, request, NBD_REPLY_TYPE_OFFSET_DATA, sizeof(ulong) + length, isLast);
        BinaryPrimitives.WriteInt64BigEndian(header[ChunkHeaderSize..], request.Offset + start);
    }

    private void WriteChunk(Span<byte> header, NbdRequest request, ushort type, int length, bool isLast)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header, _isExtended ? NBD_EXTENDED_REPLY_MAGIC : NBD_STRUCTURED_REPLY_MAGIC);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], isLast ? NBD_REPLY_FLAG_DONE : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], type);
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], request.Cookie);
        if (_isExtended)
        {
            BinaryPrimitives.WriteInt64BigEndian(header[16..], request.Offset);
            BinaryPrimitives.WriteInt64BigEndian(header[24..], length);
        }
        else
        {
            BinaryPrimitives.WriteInt32BigEndian(header[16..], length);
        }
    }
}
