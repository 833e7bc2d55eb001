using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>A client that sends exactly what it is told, right or wrong. Numbers are written out: it shares nothing with the server.</summary>
internal sealed class RawNbdClient : IDisposable
{
    public const ulong OptionMagic = 0x49484156454F5054;
    public const uint SimpleMagic = 0x67446698;
    public const uint StructuredMagic = 0x668e33ef;
    public const uint ExtendedMagic = 0x6e8a278c;

    private readonly Socket _socket;

    private RawNbdClient(Socket socket) => _socket = socket;

    public Socket Socket => _socket;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<RawNbdClient> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), Token);
        return new RawNbdClient(socket);
    }

    public void Dispose() => _socket.Dispose();

    public Task SendAsync(params object[] fields) => SendBytesAsync(Bytes(fields));

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await _socket.SendAsync(bytes, Token)..];
    }

    /// <summary>Big-endian integers of the size of their type, and bytes and text as they are.</summary>
    public static byte[] Bytes(params object[] fields)
    {
        using var stream = new MemoryStream();
        foreach (var field in fields)
        {
            var bytes = new byte[8];
            switch (field)
            {
                case byte[] raw:
                    stream.Write(raw);
                    break;
                case string text:
                    stream.Write(Encoding.UTF8.GetBytes(text));
                    break;
                case ushort value:
                    BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
                    stream.Write(bytes, 0, 2);
                    break;
                case uint value:
                    BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
                    stream.Write(bytes, 0, 4);
                    break;
                case ulong value:
                    BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
                    stream.Write(bytes, 0, 8);
                    break;
                default:
                    throw new ArgumentException($"{field.GetType()} has no wire form", nameof(fields));
            }
        }

        return stream.ToArray();
    }

    /// <summary>So many bytes; null when the server hung up before.</summary>
    public async Task<byte[]?> ReceiveAsync(int length)
    {
        var bytes = new byte[length];
        for (var filled = 0; filled < length;)
        {
            int count;
            try
            {
                count = await _socket.ReceiveAsync(bytes.AsMemory(filled), Token);
            }
            catch (SocketException)
            {
                count = 0;
            }

            if (count == 0)
                return null;
            filled += count;
        }

        return bytes;
    }

    /// <summary>Waits until the server has hung up, whatever it sends before.</summary>
    public async Task AssertClosedAsync()
    {
        var bytes = new byte[65536];
        try
        {
            while (await _socket.ReceiveAsync(bytes, Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }
    }

    /// <summary>The greeting, answered with fixed newstyle and no zeroes.</summary>
    public async Task GreetAsync(uint flags = 3)
    {
        var greeting = await ReceiveAsync(18);
        Assert.Equal(Bytes("NBDMAGIC", OptionMagic, (ushort)3), greeting);
        await SendAsync(flags);
    }

    public Task SendOptionAsync(uint option, params object[] data)
    {
        var bytes = Bytes(data);
        return SendAsync(OptionMagic, option, (uint)bytes.Length, bytes);
    }

    /// <summary>One reply to an option.</summary>
    public async Task<(uint Type, byte[] Data)> ReceiveOptionReplyAsync(uint option)
    {
        var header = await ReceiveAsync(20) ?? throw new EndOfStreamException("hung up instead of answering an option");
        Assert.Equal(0x0003e889045565a9UL, BinaryPrimitives.ReadUInt64BigEndian(header));
        Assert.Equal(option, BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)));
        var data = await ReceiveAsync((int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16)));
        return (BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12)), data!);
    }

    /// <summary>The type of the final reply.</summary>
    public async Task<uint> AskAsync(uint option, params object[] data)
    {
        await SendOptionAsync(option, data);
        while (true)
        {
            var (type, _) = await ReceiveOptionReplyAsync(option);
            if (type == 1 || type >= 0x80000000)
                return type;
        }
    }

    /// <summary>NBD_OPT_GO without information requests.</summary>
    public Task<uint> GoAsync(string name = "") => AskAsync(7, (uint)Encoding.UTF8.GetByteCount(name), name, (ushort)0);

    /// <summary>Everything up to the transmission phase.</summary>
    public async Task OpenAsync(bool isStructured = false, bool isExtended = false, string[]? contexts = null)
    {
        await GreetAsync();
        if (isStructured)
            Assert.Equal(1u, await AskAsync(8));
        if (isExtended)
            Assert.Equal(1u, await AskAsync(11));
        if (contexts is not null)
        {
            List<object> data = [0u, (uint)contexts.Length];
            foreach (var context in contexts)
                data.AddRange([(uint)context.Length, context]);
            Assert.Equal(1u, await AskAsync(10, [.. data]));
        }

        Assert.Equal(1u, await GoAsync());
    }

    public Task RequestAsync(ushort command, ulong cookie, ulong offset, uint length, ushort flags = 0, byte[]? payload = null) =>
        SendAsync(0x25609513u, flags, command, cookie, offset, length, payload ?? []);

    public Task ExtendedRequestAsync(ushort command, ulong cookie, ulong offset, ulong length, ushort flags = 0, byte[]? payload = null) =>
        SendAsync(0x21e41c71u, flags, command, cookie, offset, length, payload ?? []);

    /// <summary>A simple reply without data.</summary>
    public async Task<(uint Error, ulong Cookie)> ReceiveSimpleAsync()
    {
        var header = await ReceiveAsync(16) ?? throw new EndOfStreamException("hung up instead of answering");
        Assert.Equal(SimpleMagic, BinaryPrimitives.ReadUInt32BigEndian(header));
        return (BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)), BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(8)));
    }

    public async Task<RawChunk> ReceiveChunkAsync()
    {
        var header = await ReceiveAsync(20) ?? throw new EndOfStreamException("hung up instead of answering");
        Assert.Equal(StructuredMagic, BinaryPrimitives.ReadUInt32BigEndian(header));
        var body = await ReceiveAsync((int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16)));
        return new RawChunk(BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4)), BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(6)), BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(8)), 0, body!);
    }

    public async Task<RawChunk> ReceiveExtendedAsync()
    {
        var header = await ReceiveAsync(32) ?? throw new EndOfStreamException("hung up instead of answering");
        Assert.Equal(ExtendedMagic, BinaryPrimitives.ReadUInt32BigEndian(header));
        var body = await ReceiveAsync((int)BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(24)));
        return new RawChunk(
            BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4)), BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(6)),
            BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(8)), BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(16)), body!);
    }
}

/// <summary>A chunk of a structured or extended reply.</summary>
internal sealed record RawChunk(ushort Flags, ushort Type, ulong Cookie, ulong Offset, byte[] Body)
{
    public uint Error => BinaryPrimitives.ReadUInt32BigEndian(Body);

    public string ErrorText => Encoding.UTF8.GetString(Body, 6, BinaryPrimitives.ReadUInt16BigEndian(Body.AsSpan(4)));
}
