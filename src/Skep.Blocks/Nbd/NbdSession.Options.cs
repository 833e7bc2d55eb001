using System.Buffers.Binary;
using System.Text;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>The options.</summary>
internal sealed partial class NbdSession
{
    private static readonly UTF8Encoding _strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private async ValueTask<OptionOutcome> DispatchOptionAsync(uint option, ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        if (option == NBD_OPT_EXPORT_NAME)
            return await ServeExportNameAsync(data, ct);
        if (option == NBD_OPT_ABORT)
        {
            Reply(option, NBD_REP_ACK);
            EndWith(NbdFailure.None, "");
            await SendAnswerAsync(ct);
            return OptionOutcome.Leave;
        }

        if (MustStartTls && option != NBD_OPT_STARTTLS)
            return await RejectAsync(option, NBD_REP_ERR_TLS_REQD, "NBD_OPT_STARTTLS comes first", ct);
        if (data.Length > 0 && option is NBD_OPT_LIST or NBD_OPT_STARTTLS or NBD_OPT_STRUCTURED_REPLY or NBD_OPT_EXTENDED_HEADERS && data.Length > 0)
            return await RejectAsync(option, NBD_REP_ERR_INVALID, "the option has no data", ct);
        switch (option)
        {
            case NBD_OPT_STARTTLS:
                return await ServeStartTlsAsync(ct);
            case NBD_OPT_LIST:
                return await ServeListAsync(ct);
            case NBD_OPT_INFO or NBD_OPT_GO:
                return await ServeInfoAsync(option, data, ct);
            case NBD_OPT_STRUCTURED_REPLY when _isExtended:
                return await RejectAsync(option, NBD_REP_ERR_EXT_HEADER_REQD, "extended headers are agreed on", ct);
            case NBD_OPT_STRUCTURED_REPLY:
                _isStructured = true;
                return await AcknowledgeAsync(option, ct);
            case NBD_OPT_EXTENDED_HEADERS:
                _isStructured = _isExtended = true;
                return await AcknowledgeAsync(option, ct);
            case NBD_OPT_LIST_META_CONTEXT or NBD_OPT_SET_META_CONTEXT:
                return await ServeMetaContextAsync(option, data, ct);
            default:
                return await RejectAsync(option, NBD_REP_ERR_UNSUP, $"option {option} is not known", ct);
        }
    }

    private async ValueTask<OptionOutcome> ServeExportNameAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        // This option knows no errors: the only answer to what cannot be is to hang up.
        if (MustStartTls)
            Refuse(NbdFailure.Tls, "asked for an export without TLS");
        if (_isExtended)
            Refuse(NbdFailure.Protocol, "asked for extended headers and then used NBD_OPT_EXPORT_NAME");
        if (ReadName(data.Span) is not { } name)
            Refuse(NbdFailure.Export, $"asked for an export by {data.Length} bytes that are no name");
        else if (await _link.SettleAsync(_shared.Exports.OpenAsync(name, ct)) is not { } export)
            Refuse(NbdFailure.Export, $"asked for export \"{name}\", which does not exist");
        else
            Use(export, name);
        Put((ulong)_device.SizeBytes);
        Put(TransmissionFlags(_device, _isReadOnly));
        if (!_hasNoZeroes)
            Room(ExportNamePaddingSize).Clear();
        await SendAnswerAsync(ct);
        return OptionOutcome.Transmit;
    }

    private async ValueTask<OptionOutcome> ServeStartTlsAsync(CancellationToken ct)
    {
        if (_tls is null)
            return await RejectAsync(NBD_OPT_STARTTLS, NBD_REP_ERR_POLICY, "this listener has no TLS", ct);
        if (_isSecure)
            return await RejectAsync(NBD_OPT_STARTTLS, NBD_REP_ERR_INVALID, "TLS is on", ct);
        await AcknowledgeAsync(NBD_OPT_STARTTLS, ct);
        await _link.StartTlsAsync(_tls, ct);
        _isSecure = true;
        // Nothing that was said before counts.
        _isStructured = _isExtended = false;
        ForgetContexts();
        return OptionOutcome.Next;
    }

    private async ValueTask<OptionOutcome> ServeListAsync(CancellationToken ct)
    {
        foreach (var (name, description) in await _link.SettleAsync(_shared.Exports.ListAsync(ct)))
        {
            var nameSize = Encoding.UTF8.GetByteCount(name);
            ReplyHeader(NBD_OPT_LIST, NBD_REP_SERVER, sizeof(uint) + nameSize + Encoding.UTF8.GetByteCount(description));
            Put((uint)nameSize);
            PutText(name);
            PutText(description);
        }

        return await AcknowledgeAsync(NBD_OPT_LIST, ct);
    }

    private async ValueTask<OptionOutcome> ServeInfoAsync(uint option, ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        if (!TryReadInfoRequest(data.Span, out var name, out var wantsName, out var wantsDescription, out var isTooBig))
            return await RejectAsync(option, isTooBig ? NBD_REP_ERR_TOO_BIG : NBD_REP_ERR_INVALID, "the option is malformed", ct);
        NbdExport? export;
        try
        {
            export = await _link.SettleAsync(_shared.Exports.OpenAsync(name, ct));
        }
        catch (BlockDeviceException ex)
        {
            return await RejectAsync(option, NBD_REP_ERR_UNKNOWN, ex.Message, ct);
        }

        if (export is null)
            return await RejectAsync(option, NBD_REP_ERR_UNKNOWN, $"there is no export \"{name}\"", ct);
        PutInfo(option, export, name, wantsName, wantsDescription);
        if (option == NBD_OPT_GO)
            Use(export, name);
        else
            await _link.SettleAsync(export.DisposeAsync());
        await AcknowledgeAsync(option, ct);
        return option == NBD_OPT_GO ? OptionOutcome.Transmit : OptionOutcome.Next;
    }

    private static bool TryReadInfoRequest(ReadOnlySpan<byte> data, out string name, out bool wantsName, out bool wantsDescription, out bool isTooBig)
    {
        (name, wantsName, wantsDescription, isTooBig) = ("", false, false, false);
        if (data.Length < sizeof(uint) + sizeof(ushort))
            return false;
        var nameSize = BinaryPrimitives.ReadUInt32BigEndian(data);
        data = data[sizeof(uint)..];
        if (nameSize > data.Length - sizeof(ushort))
            return false;
        isTooBig = nameSize > StringSizeMax;
        if (ReadName(data[..(int)nameSize]) is not { } found)
            return false;
        name = found;
        data = data[(int)nameSize..];
        var count = BinaryPrimitives.ReadUInt16BigEndian(data);
        data = data[sizeof(ushort)..];
        if (data.Length != count * sizeof(ushort))
            return false;
        for (; data.Length > 0; data = data[sizeof(ushort)..])
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(data);
            wantsName |= type == NBD_INFO_NAME;
            wantsDescription |= type == NBD_INFO_DESCRIPTION;
        }

        return true;
    }

    private void PutInfo(uint option, NbdExport export, string askedName, bool wantsName, bool wantsDescription)
    {
        var device = export.Device;
        ReplyHeader(option, NBD_REP_INFO, 12);
        Put(NBD_INFO_EXPORT);
        Put((ulong)device.SizeBytes);
        Put(TransmissionFlags(device, IsReadOnly(export)));
        ReplyHeader(option, NBD_REP_INFO, 14);
        Put(NBD_INFO_BLOCK_SIZE);
        var smallest = Math.Clamp(device.Traits.BlockSizeMin, 1, 1 << 16);
        Put((uint)smallest);
        Put((uint)Math.Max(Math.Max(device.Traits.BlockSizePreferred, smallest), 512));
        Put((uint)PayloadSizeMax);
        if (wantsName || export.Name != askedName)
        {
            ReplyHeader(option, NBD_REP_INFO, sizeof(ushort) + Encoding.UTF8.GetByteCount(export.Name));
            Put(NBD_INFO_NAME);
            PutText(export.Name);
        }

        if (wantsDescription && export.Description.Length > 0)
        {
            ReplyHeader(option, NBD_REP_INFO, sizeof(ushort) + Encoding.UTF8.GetByteCount(export.Description));
            Put(NBD_INFO_DESCRIPTION);
            PutText(export.Description);
        }
    }

    private ushort TransmissionFlags(IBlockDevice device, bool isReadOnly)
    {
        var traits = device.Traits;
        var flags = NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_CACHE;
        if (isReadOnly)
            flags |= NBD_FLAG_READ_ONLY;
        else
            flags |= NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_FAST_ZERO | (traits.CanTrim ? NBD_FLAG_SEND_TRIM : 0) | (traits.CanResize ? NBD_FLAG_SEND_RESIZE : 0);
        if (traits.IsFlushShared)
            flags |= NBD_FLAG_CAN_MULTI_CONN;
        if (_isStructured)
            flags |= NBD_FLAG_SEND_DF;
        if (_isExtended && _contexts.Count > 0)
            flags |= NBD_FLAG_BLOCK_STATUS_PAYLOAD;
        return (ushort)flags;
    }

    private void Use(NbdExport export, string askedName)
    {
        _export = export;
        _device = export.Device;
        _isReadOnly = IsReadOnly(export);
        KeepContextsOf(askedName);
    }

    private static bool IsReadOnly(NbdExport export) => export.IsReadOnly || export.Device.Traits.IsReadOnly;

    /// <summary>A string of the protocol; null when it is too long or no UTF-8.</summary>
    private static string? ReadName(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > StringSizeMax || bytes.Contains((byte)0))
            return null;
        try
        {
            return _strictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private void Reply(uint option, uint type) => ReplyHeader(option, type, length: 0);

    private void ReplyHeader(uint option, uint type, int length)
    {
        Put(NBD_REP_MAGIC);
        Put(option);
        Put(type);
        Put((uint)length);
    }

    private void PutText(string text) => Encoding.UTF8.GetBytes(text, Room(Encoding.UTF8.GetByteCount(text)));

    private async ValueTask<OptionOutcome> AcknowledgeAsync(uint option, CancellationToken ct)
    {
        Reply(option, NBD_REP_ACK);
        await SendAnswerAsync(ct);
        return OptionOutcome.Next;
    }

    private async ValueTask<OptionOutcome> RejectAsync(uint option, uint type, string message, CancellationToken ct)
    {
        ReplyHeader(option, type, Encoding.UTF8.GetByteCount(message));
        PutText(message);
        await SendAnswerAsync(ct);
        return OptionOutcome.Next;
    }
}
