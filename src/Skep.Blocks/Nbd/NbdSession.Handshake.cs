using System.Buffers;
using System.Buffers.Binary;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>The greeting and the loop of options.</summary>
internal sealed partial class NbdSession
{
    /// <summary>A client that has not chosen after so many options is sent away.</summary>
    private const int OptionsMax = 1_000;

    /// <summary>Options are at most this long: a name, and queries of metadata contexts.</summary>
    private const int OptionDataMax = 64 << 10;

    /// <summary>Longer options are skipped up to this size, beyond it the client is sent away.</summary>
    private const int OptionSkippedMax = 1 << 20;

    private readonly NbdServerTls? _tls;
    private readonly ArrayBufferWriter<byte> _answer = new(256);
    private readonly byte[] _optionData = new byte[OptionDataMax];
    private bool _isSecure;
    private bool _hasNoZeroes;
    private volatile bool _isTransmitting;

    private bool MustStartTls => _tls is { IsRequired: true } && !_isSecure;

    /// <summary>Greets and serves options.</summary>
    /// <returns>False when the client left before it chose an export.</returns>
    private async ValueTask<bool> HandshakeAsync(CancellationToken ct)
    {
        await using var deadline = _shared.Time.CreateTimer(_ => OnHandshakeTimeout(), null, _shared.Options.HandshakeTimeout, Timeout.InfiniteTimeSpan);
        Put(NBDMAGIC);
        Put(IHAVEOPT);
        Put((ushort)(NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES));
        await SendAnswerAsync(ct);
        if (!await ReadAsync(4, ct))
            return Left();
        var flags = BinaryPrimitives.ReadUInt32BigEndian(_optionData);
        if ((flags & ~(NBD_FLAG_C_FIXED_NEWSTYLE | NBD_FLAG_C_NO_ZEROES)) != 0)
            Refuse(NbdFailure.Protocol, $"sent unknown client flags 0x{flags:x}");
        _hasNoZeroes = (flags & NBD_FLAG_C_NO_ZEROES) != 0;
        for (var count = 0; count < OptionsMax; count++)
        {
            if (!await ReadAsync(OptionHeaderSize, ct))
                return Left();
            if (BinaryPrimitives.ReadUInt64BigEndian(_optionData) != IHAVEOPT)
                Refuse(NbdFailure.Protocol, "sent an option that does not begin with IHAVEOPT");
            var option = BinaryPrimitives.ReadUInt32BigEndian(_optionData.AsSpan(8));
            var length = BinaryPrimitives.ReadUInt32BigEndian(_optionData.AsSpan(12));
            switch (await ServeOptionAsync(option, length, ct))
            {
                case OptionOutcome.Transmit:
                    _isTransmitting = true;
                    return true;
                case OptionOutcome.Leave:
                    return Left();
            }
        }

        Refuse(NbdFailure.Handshake, $"sent {OptionsMax} options and chose no export");
        return false;
    }

    private async ValueTask<OptionOutcome> ServeOptionAsync(uint option, uint length, CancellationToken ct)
    {
        if (length > OptionDataMax)
        {
            if (length > OptionSkippedMax || option == NBD_OPT_EXPORT_NAME)
                Refuse(NbdFailure.Protocol, $"sent option {option} with {length} bytes");
            if (!await SkipAsync(length, ct))
                return OptionOutcome.Leave;
            return await RejectAsync(option, NBD_REP_ERR_TOO_BIG, $"an option has at most {OptionDataMax} bytes", ct);
        }

        if (!await ReadAsync((int)length, ct))
            return OptionOutcome.Leave;
        if (_isStopping && option is not (NBD_OPT_ABORT or NBD_OPT_EXPORT_NAME))
            return await RejectAsync(option, NBD_REP_ERR_SHUTDOWN, "the server ends", ct);
        return await DispatchOptionAsync(option, _optionData.AsMemory(0, (int)length), ct);
    }

    private bool Left()
    {
        EndWith(NbdFailure.Disconnected, $"{_link.Client} left during the handshake");
        return false;
    }

    private void OnHandshakeTimeout()
    {
        if (_isTransmitting)
            return;
        EndWith(NbdFailure.Handshake, $"{_link.Client} did not finish the handshake within {_shared.Options.HandshakeTimeout.TotalSeconds} s");
        _link.Abort();
        _stop.Cancel();
    }

    private ValueTask<bool> ReadAsync(int length, CancellationToken ct) => _link.ReadExactAsync(_optionData.AsMemory(0, length), ct);

    private async ValueTask<bool> SkipAsync(uint length, CancellationToken ct)
    {
        for (var left = length; left > 0;)
        {
            var part = (int)Math.Min(left, OptionDataMax);
            if (!await ReadAsync(part, ct))
                return false;
            left -= (uint)part;
        }

        return true;
    }

    private void Put(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Room(sizeof(ushort)), value);

    private void Put(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Room(sizeof(uint)), value);

    private void Put(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Room(sizeof(ulong)), value);

    private Span<byte> Room(int length)
    {
        var span = _answer.GetSpan(length)[..length];
        _answer.Advance(length);
        return span;
    }

    private async ValueTask SendAnswerAsync(CancellationToken ct)
    {
        await _link.WriteAsync(_answer.WrittenMemory, ct);
        _answer.ResetWrittenCount();
    }
}

/// <summary>What follows an option.</summary>
internal enum OptionOutcome
{
    /// <summary>The next option.</summary>
    Next,

    /// <summary>The transmission phase.</summary>
    Transmit,

    /// <summary>The end of the connection.</summary>
    Leave,
}
