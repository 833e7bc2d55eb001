using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>The client's half of the handshake.</summary>
public sealed partial class NbdClient
{
    /// <summary>Longer replies to options are not believed.</summary>
    private const int OptionReplyMax = 1 << 20;

    /// <summary>A server that lists more is not believed.</summary>
    private const int ListMax = 100_000;

    private static async Task<NbdClient> GreetAsync(
        NbdClientOptions options, TimeProvider time, Func<NbdClient, CancellationToken, Task> negotiateAsync, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        var family = options.EndPoint.AddressFamily;
        var socket = new Socket(family, SocketType.Stream, family == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        NbdClient? client = null;
        try
        {
            if (family != AddressFamily.Unix)
                socket.NoDelay = true;
            await socket.ConnectAsync(options.EndPoint, either.Token);
            client = new NbdClient(options, socket, time);
            await client.StartAsync(either.Token);
            await negotiateAsync(client, either.Token);
            return client;
        }
        catch (Exception ex) when (ex is NbdException or OperationCanceledException or SocketException or IOException)
        {
            if (client is not null)
                await client.DisposeAsync();
            socket.Dispose();
            throw ex switch
            {
                NbdException => ex,
                OperationCanceledException when ct.IsCancellationRequested => ex,
                OperationCanceledException => new NbdException(NbdFailure.Handshake, $"{options.EndPoint} did not finish the handshake within {options.ConnectTimeout.TotalSeconds} s", ex),
                _ => new NbdException(NbdFailure.Disconnected, $"cannot connect to {options.EndPoint}: {ex.Message}", ex),
            };
        }
    }

    private async Task StartAsync(CancellationToken ct)
    {
        var greeting = await ReadExactAsync(18, ct);
        if (BinaryPrimitives.ReadUInt64BigEndian(greeting) != NBDMAGIC || BinaryPrimitives.ReadUInt64BigEndian(greeting.AsSpan(8)) != IHAVEOPT)
            throw Wrong("is no NBD server of the newstyle handshake");
        var flags = BinaryPrimitives.ReadUInt16BigEndian(greeting.AsSpan(16));
        if ((flags & NBD_FLAG_FIXED_NEWSTYLE) == 0)
            throw Wrong("does not know the fixed newstyle handshake");
        var answer = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(answer, NBD_FLAG_C_FIXED_NEWSTYLE | ((flags & NBD_FLAG_NO_ZEROES) != 0 ? NBD_FLAG_C_NO_ZEROES : 0));
        await _stream.WriteAsync(answer, ct);
        if (_options.Tls is not null)
            await StartTlsAsync(_options.Tls, ct);
    }

    private async Task StartTlsAsync(SslClientAuthenticationOptions tls, CancellationToken ct)
    {
        await AskAsync(NBD_OPT_STARTTLS, [], required: "does not do TLS", ct);
        var secure = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = secure;
        try
        {
            await secure.AuthenticateAsClientAsync(tls, ct);
        }
        catch (Exception ex) when (ex is AuthenticationException or IOException)
        {
            throw new NbdException(NbdFailure.Tls, $"TLS with {_options.EndPoint} failed: {ex.Message}", ex);
        }
    }

    private async Task NegotiateAsync(CancellationToken ct)
    {
        if (_options.OffersExtendedHeaders)
            _isExtended = await AskAsync(NBD_OPT_EXTENDED_HEADERS, [], required: null, ct) is not null;
        _isStructured = _isExtended || (_options.OffersStructuredReplies && await AskAsync(NBD_OPT_STRUCTURED_REPLY, [], required: null, ct) is not null);
        if (_options.MetaContexts.Count > 0 && _isStructured)
            await SelectContextsAsync(ct);
        var name = Encoding.UTF8.GetBytes(_options.ExportName);
        var data = new byte[sizeof(uint) + name.Length + (2 * sizeof(ushort))];
        BinaryPrimitives.WriteInt32BigEndian(data, name.Length);
        name.CopyTo(data, sizeof(uint));
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(sizeof(uint) + name.Length), 1);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(sizeof(uint) + name.Length + sizeof(ushort)), NBD_INFO_BLOCK_SIZE);
        var replies = await AskAsync(NBD_OPT_GO, data, required: $"does not open export \"{_options.ExportName}\"", ct);
        var hasExport = false;
        foreach (var (type, body) in replies!)
        {
            if (type == NBD_REP_INFO && body.Length >= sizeof(ushort))
                hasExport |= TakeInfo(BinaryPrimitives.ReadUInt16BigEndian(body), body.AsSpan(sizeof(ushort)));
        }

        if (!hasExport)
            throw Wrong("opened the export without saying its size");
    }

    private bool TakeInfo(ushort type, ReadOnlySpan<byte> body)
    {
        if (type == NBD_INFO_EXPORT && body.Length == 10)
        {
            SizeBytes = BinaryPrimitives.ReadInt64BigEndian(body);
            _flags = BinaryPrimitives.ReadUInt16BigEndian(body[8..]);
            return SizeBytes >= 0 ? true : throw Wrong($"has an export of {(ulong)SizeBytes} bytes");
        }

        if (type == NBD_INFO_BLOCK_SIZE && body.Length == 12)
        {
            BlockSizeMin = (int)Math.Clamp(BinaryPrimitives.ReadUInt32BigEndian(body), 1, 1 << 16);
            BlockSizePreferred = (int)Math.Clamp(BinaryPrimitives.ReadUInt32BigEndian(body[4..]), 1, 1 << 30);
            PayloadMax = (int)Math.Clamp(BinaryPrimitives.ReadUInt32BigEndian(body[8..]), (uint)BlockSizeMin, PayloadSizeMax) & -BlockSizeMin;
        }

        return false;
    }

    private async Task SelectContextsAsync(CancellationToken ct)
    {
        var size = (2 * sizeof(uint)) + Encoding.UTF8.GetByteCount(_options.ExportName) + _options.MetaContexts.Sum(c => sizeof(uint) + Encoding.UTF8.GetByteCount(c));
        var data = new byte[size];
        var rest = PutText(data, _options.ExportName);
        BinaryPrimitives.WriteInt32BigEndian(rest, _options.MetaContexts.Count);
        rest = rest[sizeof(uint)..];
        foreach (var context in _options.MetaContexts)
            rest = PutText(rest, context);
        foreach (var (type, body) in await AskAsync(NBD_OPT_SET_META_CONTEXT, data, required: null, ct) ?? [])
        {
            if (type != NBD_REP_META_CONTEXT || body.Length < sizeof(uint))
                continue;
            var name = Encoding.UTF8.GetString(body.AsSpan(sizeof(uint)));
            _contexts.Add(name);
            _contextIds[name] = BinaryPrimitives.ReadUInt32BigEndian(body);
        }
    }

    private static Span<byte> PutText(Span<byte> destination, string text)
    {
        var size = Encoding.UTF8.GetBytes(text, destination[sizeof(uint)..]);
        BinaryPrimitives.WriteInt32BigEndian(destination, size);
        return destination[(sizeof(uint) + size)..];
    }

    private async Task<List<NbdExportName>> ListAsync(CancellationToken ct)
    {
        var names = new List<NbdExportName>();
        foreach (var (type, body) in (await AskAsync(NBD_OPT_LIST, [], required: "does not list its exports", ct))!)
        {
            if (type != NBD_REP_SERVER || body.Length < sizeof(uint))
                continue;
            var size = BinaryPrimitives.ReadUInt32BigEndian(body);
            if (size > body.Length - sizeof(uint))
                throw Wrong($"lists a name of {size} bytes in {body.Length}");
            names.Add(new NbdExportName(Encoding.UTF8.GetString(body.AsSpan(sizeof(uint), (int)size)), Encoding.UTF8.GetString(body.AsSpan(sizeof(uint) + (int)size))));
        }

        await _stream.WriteAsync(Option(NBD_OPT_ABORT, []), ct);
        return names;
    }

    /// <summary>Sends an option and collects what comes before the final reply.</summary>
    /// <returns>Null when it was refused and was not required.</returns>
    private async Task<List<(uint Type, byte[] Body)>?> AskAsync(uint option, byte[] data, string? required, CancellationToken ct)
    {
        await _stream.WriteAsync(Option(option, data), ct);
        var replies = new List<(uint, byte[])>();
        while (replies.Count < ListMax)
        {
            var header = await ReadExactAsync(OptionReplySize, ct);
            var type = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
            var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16));
            if (BinaryPrimitives.ReadUInt64BigEndian(header) != NBD_REP_MAGIC || BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)) != option || length > OptionReplyMax)
                throw Wrong($"sent no reply to option {option}");
            var body = await ReadExactAsync((int)length, ct);
            if (type == NBD_REP_ACK)
                return replies;
            if ((type & NBD_REP_FLAG_ERROR) == 0)
                replies.Add((type, body));
            else if (required is null)
                return null;
            else
                throw new NbdException(FailureOf(type), $"{_options.EndPoint} {required}: {RefusalOf(type)}{(body.Length > 0 ? $" ({Encoding.UTF8.GetString(body)})" : "")}");
        }

        throw Wrong($"answers option {option} without end");
    }

    private static NbdFailure FailureOf(uint refusal) => refusal switch
    {
        NBD_REP_ERR_UNKNOWN => NbdFailure.Export,
        NBD_REP_ERR_TLS_REQD => NbdFailure.Tls,
        NBD_REP_ERR_SHUTDOWN => NbdFailure.Shutdown,
        _ => NbdFailure.Handshake,
    };

    private static string RefusalOf(uint type) => type switch
    {
        NBD_REP_ERR_UNSUP => "NBD_REP_ERR_UNSUP",
        NBD_REP_ERR_POLICY => "NBD_REP_ERR_POLICY",
        NBD_REP_ERR_INVALID => "NBD_REP_ERR_INVALID",
        NBD_REP_ERR_TLS_REQD => "NBD_REP_ERR_TLS_REQD",
        NBD_REP_ERR_UNKNOWN => "NBD_REP_ERR_UNKNOWN",
        NBD_REP_ERR_SHUTDOWN => "NBD_REP_ERR_SHUTDOWN",
        NBD_REP_ERR_BLOCK_SIZE_REQD => "NBD_REP_ERR_BLOCK_SIZE_REQD",
        NBD_REP_ERR_TOO_BIG => "NBD_REP_ERR_TOO_BIG",
        _ => $"0x{type:x8}",
    };

    private static byte[] Option(uint option, byte[] data)
    {
        var bytes = new byte[OptionHeaderSize + data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, IHAVEOPT);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), option);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), data.Length);
        data.CopyTo(bytes, OptionHeaderSize);
        return bytes;
    }

    private async Task<byte[]> ReadExactAsync(int length, CancellationToken ct)
    {
        var bytes = new byte[length];
        try
        {
            await _stream.ReadExactlyAsync(bytes, ct);
        }
        catch (EndOfStreamException ex)
        {
            throw new NbdException(NbdFailure.Disconnected, $"{_options.EndPoint} closed the connection during the handshake", ex);
        }

        return bytes;
    }
}
