using System.Buffers.Binary;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>Takes requests out of the bytes that came, checks them, and begins them.</summary>
internal sealed partial class NbdSession
{
    /// <summary>So many requests are begun before replies are sent.</summary>
    private const int BatchMax = 16;

    private Stage _stage;
    private NbdRequest? _current;
    private int _payloadSize;
    private int _payloadReceived;
    private long _discardLeft;
    private bool _isEnding;
    private bool _isLimited;
    private bool _receivesPayload;

    private enum Stage
    {
        /// <summary>The next header.</summary>
        Header,

        /// <summary>The current request waits for memory.</summary>
        Memory,

        /// <summary>The current request's payload comes.</summary>
        Payload,

        /// <summary>The current request failed; its payload is thrown away.</summary>
        Discard,
    }

    /// <summary>Everything is answered and nothing more will come.</summary>
    public bool IsOver => _isEnding && InFlight == 0;

    /// <summary>Whether more bytes would help.</summary>
    public bool WantsBytes => !_isEnding && !_isLimited && _stage != Stage.Memory;

    /// <summary>Whether what <see cref="Process"/> stopped at may have gone.</summary>
    public bool CanProceed => Volatile.Read(ref _isWoken) == 1 || (_isLimited && InFlight < _shared.Options.RequestsPerConnectionMax);

    /// <summary>Where the link puts what it receives: a large payload goes to its place at once.</summary>
    public Memory<byte> ReceiveMemory
    {
        get
        {
            _receivesPayload = _stage == Stage.Payload;
            if (_receivesPayload)
                return _current!.Buffer!.DataMemory(_payloadSize)[_payloadReceived..];
            if (_inboxStart == _inboxEnd)
            {
                _inboxStart = _inboxEnd = 0;
            }
            else if (_inboxStart > 0)
            {
                Inbox.CopyTo(_inbox.DataSpan(InboxSize));
                (_inboxStart, _inboxEnd) = (0, _inboxEnd - _inboxStart);
            }

            return _inbox.DataMemory(InboxSize)[_inboxEnd..];
        }
    }

    private ReadOnlySpan<byte> Inbox => _inbox.DataSpan(InboxSize)[_inboxStart.._inboxEnd];

    private int HeaderSize => _isExtended ? ExtendedRequestSize : RequestSize;

    /// <summary>So many bytes are in what <see cref="ReceiveMemory"/> gave.</summary>
    public void Received(int count)
    {
        if (_receivesPayload)
            _payloadReceived += count;
        else
            _inboxEnd += count;
    }

    /// <summary>Nothing more comes.</summary>
    public void EndOfStream()
    {
        EndWith(NbdFailure.Disconnected, $"{_link.Client} hung up without NBD_CMD_DISC");
        FinishReceiving();
    }

    /// <summary>Begins what has come.</summary>
    /// <returns>Whether there may be more to begin right away.</returns>
    public bool Process()
    {
        Interlocked.Exchange(ref _isWoken, 0);
        _isLimited = false;
        for (var begun = 0; begun < BatchMax; begun++)
        {
            var isMoving = _stage switch
            {
                Stage.Header => TakeHeader(),
                Stage.Memory => TakeMemory(),
                Stage.Payload => TakePayload(),
                _ => TakeDiscarded(),
            };
            if (!isMoving)
                return false;
        }

        return true;
    }

    private bool TakeHeader()
    {
        if (_isEnding)
            return false;
        if (InFlight >= _shared.Options.RequestsPerConnectionMax)
        {
            _isLimited = true;
            return false;
        }

        var bytes = Inbox;
        if (bytes.Length < HeaderSize)
            return false;
        var magic = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (magic != (_isExtended ? NBD_EXTENDED_REQUEST_MAGIC : NBD_REQUEST_MAGIC))
            return BreakOff($"sent a request that begins with 0x{magic:x8}");
        var flags = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        var command = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        var cookie = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        var offset = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        var length = _isExtended ? BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]) : BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]);
        _inboxStart += HeaderSize;
        var hasPayload = _isExtended ? (flags & NBD_CMD_FLAG_PAYLOAD_LEN) != 0 : command == NBD_CMD_WRITE;
        if (hasPayload && length > PayloadSizeMax)
            return BreakOff($"announced a payload of {length} bytes, more than {PayloadSizeMax}");
        if (command == NBD_CMD_DISC)
        {
            EndWith(NbdFailure.None, "");
            FinishReceiving();
            return false;
        }

        var request = Outbox.Rent();
        request.Command = command;
        request.Flags = flags;
        request.Cookie = cookie;
        // What does not fit is beyond the end of any device.
        request.Offset = (long)Math.Min(offset, long.MaxValue);
        request.Length = (long)Math.Min(length, long.MaxValue);
        request.ContextMask = uint.MaxValue;
        _payloadSize = hasPayload ? (int)length : 0;
        Admit(request, hasPayload);
        return true;
    }

    /// <summary>Decides what a request needs next.</summary>
    private void Admit(NbdRequest request, bool hasPayload)
    {
        if (!Check(request, hasPayload))
        {
            if (!hasPayload)
            {
                Answer(request);
                return;
            }

            _current = request;
            _discardLeft = _payloadSize;
            _stage = Stage.Discard;
            return;
        }

        if (BufferSizeOf(request) == 0)
        {
            Begin(request);
            return;
        }

        _current = request;
        _stage = Stage.Memory;
    }

    private bool TakeMemory()
    {
        var request = _current!;
        if (_shared.Memory.TryRent(BufferSizeOf(request), this) is not { } buffer)
            return false;
        request.Buffer = buffer;
        if (_payloadSize == 0)
        {
            _stage = Stage.Header;
            _current = null;
            Begin(request);
            return true;
        }

        _payloadReceived = 0;
        _stage = Stage.Payload;
        return true;
    }

    private bool TakePayload()
    {
        var request = _current!;
        var part = Math.Min(_payloadSize - _payloadReceived, _inboxEnd - _inboxStart);
        if (part > 0)
        {
            Inbox[..part].CopyTo(request.Buffer!.DataSpan(_payloadSize)[_payloadReceived..]);
            _inboxStart += part;
            _payloadReceived += part;
        }

        if (_payloadReceived < _payloadSize)
            return false;
        _stage = Stage.Header;
        _current = null;
        if (request.Command == NBD_CMD_BLOCK_STATUS && !ReadSelection(request))
            Answer(request);
        else
            Begin(request);
        return true;
    }

    private bool TakeDiscarded()
    {
        var part = (int)Math.Min(_discardLeft, _inboxEnd - _inboxStart);
        _inboxStart += part;
        _discardLeft -= part;
        if (_discardLeft > 0)
            return false;
        _stage = Stage.Header;
        var request = _current!;
        _current = null;
        Answer(request);
        return true;
    }

    private int BufferSizeOf(NbdRequest request) => request.Command switch
    {
        NBD_CMD_READ or NBD_CMD_WRITE => (int)request.Length,
        NBD_CMD_BLOCK_STATUS => Math.Max(StatusSizeMax, _payloadSize),
        _ => 0,
    };

    private bool BreakOff(string what)
    {
        EndWith(NbdFailure.Protocol, $"{_link.Client} {what}");
        FinishReceiving();
        return false;
    }

    /// <summary>What has begun is finished; a request of which only a part came is none.</summary>
    private void FinishReceiving()
    {
        _isEnding = true;
        _shared.Memory.Forget(this);
        if (_current is not { } request)
            return;
        _current = null;
        _stage = Stage.Header;
        ReturnBuffer(request);
        Outbox.Drop(request);
    }

    /// <summary>Whether a request may begin; the error is in it if not.</summary>
    private bool Check(NbdRequest request, bool hasPayload)
    {
        if (_isStopping)
            return Fail(request, NBD_ESHUTDOWN, "the server ends");
        var allowed = NBD_CMD_FLAG_FUA | request.Command switch
        {
            NBD_CMD_READ when _isStructured => NBD_CMD_FLAG_DF,
            NBD_CMD_WRITE when _isExtended => NBD_CMD_FLAG_PAYLOAD_LEN,
            NBD_CMD_WRITE_ZEROES => NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FAST_ZERO,
            NBD_CMD_BLOCK_STATUS when _isExtended => NBD_CMD_FLAG_REQ_ONE | NBD_CMD_FLAG_PAYLOAD_LEN,
            NBD_CMD_BLOCK_STATUS => NBD_CMD_FLAG_REQ_ONE,
            _ => 0,
        };
        if ((request.Flags & ~allowed) != 0)
            return Fail(request, NBD_EINVAL, $"command {request.Command} does not have flags 0x{request.Flags & ~allowed:x}");
        switch (request.Command)
        {
            case NBD_CMD_READ:
                if (request.Length > PayloadSizeMax)
                    return Fail(request, _isStructured ? NBD_EOVERFLOW : NBD_EINVAL, $"a read has at most {PayloadSizeMax} bytes");
                return CheckRange(request, NBD_EINVAL);
            case NBD_CMD_WRITE:
                if (!hasPayload)
                    return Fail(request, NBD_EINVAL, "a write has NBD_CMD_FLAG_PAYLOAD_LEN");
                return CheckWritable(request) && CheckRange(request, NBD_ENOSPC);
            case NBD_CMD_FLUSH:
                return request is { Offset: 0, Length: 0 } || Fail(request, NBD_EINVAL, "a flush has no range");
            case NBD_CMD_TRIM:
                return CheckWritable(request) && (_device.Traits.CanTrim || Fail(request, NBD_EINVAL, "the export has no trim")) && CheckRange(request, NBD_EINVAL);
            case NBD_CMD_WRITE_ZEROES:
                return CheckWritable(request) && CheckRange(request, NBD_ENOSPC);
            case NBD_CMD_CACHE:
                return CheckRange(request, NBD_EINVAL);
            case NBD_CMD_BLOCK_STATUS:
                if (_contexts.Count == 0)
                    return Fail(request, NBD_EINVAL, "no metadata context is selected");
                if (hasPayload)
                    return IsSelectionSize(_payloadSize) || Fail(request, NBD_EINVAL, $"a selection of contexts has no {_payloadSize} bytes");
                return (request.Length > 0 || Fail(request, NBD_EINVAL, "a status of nothing")) && CheckRange(request, NBD_EINVAL);
            case NBD_CMD_RESIZE:
                return CheckWritable(request) && (_device.Traits.CanResize || Fail(request, NBD_EINVAL, "the export has one size"))
                    && (IsAligned(request.Offset) || Fail(request, NBD_EINVAL, $"{request.Offset} is no multiple of {_device.Traits.BlockSizeMin}"));
            default:
                return Fail(request, NBD_EINVAL, $"command {request.Command} is not known");
        }
    }

    private bool CheckWritable(NbdRequest request) => !_isReadOnly || Fail(request, NBD_EPERM, "the export is read-only");

    private bool CheckRange(NbdRequest request, uint error)
    {
        var size = _device.SizeBytes;
        if (request.Offset > size || request.Length > size - request.Offset)
        {
            if (request.Offset < size)
                request.ErrorOffset = size;
            return Fail(request, error, $"{request.Length} bytes at {request.Offset} reach beyond the end at {size}");
        }

        return (IsAligned(request.Offset) && IsAligned(request.Length))
            || Fail(request, NBD_EINVAL, $"{request.Length} bytes at {request.Offset} are not aligned to {_device.Traits.BlockSizeMin}");
    }

    private bool IsAligned(long value) => (value & (_device.Traits.BlockSizeMin - 1)) == 0;

    private static bool Fail(NbdRequest request, uint error, string message)
    {
        request.Error = error;
        request.ErrorMessage = message;
        return false;
    }
}
