using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Skep.Core.Identity;

namespace Skep.Bench.S3;

/// <summary>
/// One HTTP/1.1 connection without TLS that signs requests, sends bodies from one buffer and throws answers away as they come:
/// client and server share the machine, so it does no more than that. Signing costs the same whoever answers. Not thread-safe.
/// </summary>
internal sealed class S3Connection(IPEndPoint endPoint, SigV4Credentials credentials) : IDisposable
{
    private readonly byte[] _buffer = new byte[256 * 1024];
    private Socket? _socket;

    /// <summary>Sends a request.</summary>
    /// <param name="method">The method.</param>
    /// <param name="pathAndQuery">The target, encoded.</param>
    /// <param name="body">The body.</param>
    /// <param name="headers">Headers beside Host and the signature's.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The answer's status, its head, its body's length, and the body as text where it is a document.</returns>
    public async Task<S3Reply> SendAsync(string method, string pathAndQuery, ReadOnlyMemory<byte> body, IReadOnlyList<KeyValuePair<string, string>> headers, CancellationToken ct)
    {
        var socket = _socket ??= await ConnectAsync(ct);
        await SendAllAsync(socket, Head(method, pathAndQuery, body.Length, headers), ct);
        if (body.Length > 0)
            await SendAllAsync(socket, body, ct);
        var (head, filled) = await ReadHeadAsync(socket, ct);
        var text = Encoding.Latin1.GetString(_buffer, 0, head);
        var reply = new S3Reply(int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture), text, 0, "");
        // Documents are wanted afterwards, objects are not.
        using var kept = reply.Header("Content-Type").Contains("xml", StringComparison.Ordinal) ? new MemoryStream() : null;
        long length;
        if (reply.Header("Transfer-Encoding") == "chunked")
            length = await ReadChunksAsync(socket, head, filled, kept, ct);
        else
            length = await ReadBodyAsync(socket, head, filled, reply.Status == 204 || method == "HEAD" ? 0 : long.Parse(reply.Header("Content-Length"), CultureInfo.InvariantCulture), kept, ct);
        if (reply.Header("Connection").Equals("close", StringComparison.OrdinalIgnoreCase))
            Dispose();
        return reply with { Length = length, Text = kept is null ? "" : Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length) };
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private byte[] Head(string method, string pathAndQuery, int length, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var question = pathAndQuery.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = question < 0 ? (pathAndQuery, "") : (pathAndQuery[..question], pathAndQuery[(question + 1)..]);
        List<KeyValuePair<string, string>> lines = [new("Host", endPoint.ToString()), .. headers];
        lines.AddRange(SigV4Signer.Sign(new SigV4Request(method, path, query, lines, SigV4.UnsignedPayload), credentials, "us-east-1", "s3", TimeProvider.System.GetUtcNow()));
        return Encoding.ASCII.GetBytes($"{method} {pathAndQuery} HTTP/1.1\r\n{string.Concat(lines.Select(l => $"{l.Key}: {l.Value}\r\n"))}Content-Length: {length}\r\n\r\n");
    }

    private async Task<Socket> ConnectAsync(CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint, ct);
        return socket;
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes, ct)..];
    }

    private async Task<(int Head, int Filled)> ReadHeadAsync(Socket socket, CancellationToken ct)
    {
        for (var filled = 0; ;)
        {
            filled += await ReceiveAsync(socket, filled, ct);
            var end = _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
            if (end < 0)
                continue;
            if (!_buffer.AsSpan(0, end).StartsWith("HTTP/1.1 100"u8))
                return (end + 4, filled);
            _buffer.AsSpan(end + 4, filled - end - 4).CopyTo(_buffer);
            filled -= end + 4;
        }
    }

    private async Task<long> ReadBodyAsync(Socket socket, int from, int filled, long length, MemoryStream? kept, CancellationToken ct)
    {
        var got = (long)(filled - from);
        kept?.Write(_buffer.AsSpan(from, filled - from));
        while (got < length)
        {
            var count = await ReceiveAsync(socket, 0, ct);
            kept?.Write(_buffer.AsSpan(0, count));
            got += count;
        }

        return length;
    }

    private async Task<long> ReadChunksAsync(Socket socket, int from, int filled, MemoryStream? kept, CancellationToken ct)
    {
        using var all = new MemoryStream();
        all.Write(_buffer, from, filled - from);
        var length = 0L;
        for (var at = 0; ;)
        {
            var line = all.GetBuffer().AsSpan(at, (int)all.Length - at).IndexOf("\r\n"u8);
            var size = line < 0 ? -1 : int.Parse(Encoding.ASCII.GetString(all.GetBuffer(), at, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size < 0 || all.Length < at + line + 2 + size + 2)
            {
                var count = await ReceiveAsync(socket, 0, ct);
                all.Write(_buffer, 0, count);
                continue;
            }

            if (size == 0)
                return length;
            kept?.Write(all.GetBuffer(), at + line + 2, size);
            length += size;
            at += line + 2 + size + 2;
        }
    }

    private async ValueTask<int> ReceiveAsync(Socket socket, int filled, CancellationToken ct) =>
        await socket.ReceiveAsync(_buffer.AsMemory(filled), ct) is > 0 and var count ? count : throw new InvalidDataException("the server closed the connection in the middle of an answer");
}
