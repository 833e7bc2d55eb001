using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Skep.Bench;

/// <summary>
/// One HTTP/1.1 connection that sends ready-made requests and reads answers, over TLS when there is an authority to
/// trust. Client and server share the machine's cores, so it does no more than that. Connects again when the server
/// closes. Not thread-safe.
/// </summary>
internal sealed class ApiConnection(IPEndPoint endPoint, X509Certificate2? authority) : IAsyncDisposable
{
    private byte[] _buffer = new byte[16 * 1024];
    private Stream? _stream;

    /// <summary>Sends a request and returns the answer's body, which is valid until the next call.</summary>
    /// <exception cref="InvalidDataException">The answer is not a success; the message has its body.</exception>
    public async Task<ReadOnlyMemory<byte>> SendAsync(ReadOnlyMemory<byte> request, CancellationToken ct)
    {
        var stream = _stream ??= await ConnectAsync(ct);
        await stream.WriteAsync(request, ct);
        var (head, filled) = await ReadHeadAsync(stream, ct);
        var headText = Encoding.ASCII.GetString(_buffer, 0, head);
        var length = HeaderOf(headText, "Content-Length") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : throw new InvalidDataException($"an answer without Content-Length: {headText}");
        while (filled < head + length)
        {
            Reserve(head + length);
            filled += await ReadSomeAsync(stream, filled, ct);
        }

        if (headText.StartsWith("HTTP/1.0", StringComparison.Ordinal) || HeaderOf(headText, "Connection") is "close")
            await DisposeAsync();
        var body = _buffer.AsMemory(head, length);
        var status = headText.AsSpan(9, 3);
        return status is ['2', ..] ? body : throw new InvalidDataException($"status {status}: {Encoding.UTF8.GetString(body.Span)}");
    }

    /// <summary>Sends a request whose answer does not end; returns the stream behind the answer's head.</summary>
    public async Task<Stream> OpenAsync(ReadOnlyMemory<byte> request, CancellationToken ct, string expected = "HTTP/1.1 200")
    {
        var stream = _stream ??= await ConnectAsync(ct);
        await stream.WriteAsync(request, ct);
        var (head, _) = await ReadHeadAsync(stream, ct);
        var headText = Encoding.ASCII.GetString(_buffer, 0, head);
        return headText.StartsWith(expected, StringComparison.Ordinal) ? stream : throw new InvalidDataException(headText);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stream is { } stream)
            await stream.DisposeAsync();
        _stream = null;
    }

    private async Task<Stream> ConnectAsync(CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint, ct);
        var plain = new NetworkStream(socket, ownsSocket: true);
        if (authority is null)
            return plain;
        var tls = new SslStream(plain);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = endPoint.Address.ToString(),
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
            ct);
        return tls;
    }

    private async Task<(int Head, int Filled)> ReadHeadAsync(Stream stream, CancellationToken ct)
    {
        var filled = 0;
        while (true)
        {
            Reserve(filled + 1);
            filled += await ReadSomeAsync(stream, filled, ct);
            var end = _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return (end + 4, filled);
        }
    }

    private async ValueTask<int> ReadSomeAsync(Stream stream, int filled, CancellationToken ct)
    {
        var read = await stream.ReadAsync(_buffer.AsMemory(filled), ct);
        return read > 0 ? read : throw new InvalidDataException("the server closed the connection in the middle of an answer");
    }

    private void Reserve(int length)
    {
        if (length > _buffer.Length)
            Array.Resize(ref _buffer, length);
    }

    private static string? HeaderOf(string head, string name) =>
        head.Split("\r\n").FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
}
