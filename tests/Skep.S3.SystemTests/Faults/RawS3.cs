using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity;

namespace Skep.S3.SystemTests.Faults;

/// <summary>
/// Sends S3's port what ordinary clients would not: requests are put together byte by byte, each over a connection of its
/// own that ends with the answer. Without TLS.
/// </summary>
internal sealed class RawS3(S3Daemon daemon)
{
    /// <summary>What signs a body that nobody hashed.</summary>
    public const string Unsigned = SigV4.UnsignedPayload;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A path of a bucket and a key, encoded as clients do.</summary>
    public static string PathOf(string bucket, string key) =>
        $"/{SigV4.Encode(Encoding.UTF8.GetBytes(bucket))}/{string.Join('/', key.Split('/').Select(s => SigV4.Encode(Encoding.UTF8.GetBytes(s))))}";

    /// <summary>Sends a request and reads the answer.</summary>
    public Task<S3Answer> SendAsync(string method, string pathAndQuery, ReadOnlyMemory<byte> body = default, params (string Name, string Value)[] headers) =>
        SendRawAsync(Head(method, pathAndQuery, headers, body.Length), body);

    /// <summary>A signed request's head.</summary>
    /// <param name="method">The method.</param>
    /// <param name="pathAndQuery">The target, encoded.</param>
    /// <param name="headers">Headers beside Host, all signed.</param>
    /// <param name="contentLength">Content-Length; null for none.</param>
    /// <param name="payloadHash">What the signature covers in the body's place.</param>
    /// <param name="time">When it was signed; null for now.</param>
    public byte[] Head(
        string method, string pathAndQuery, IEnumerable<(string Name, string Value)> headers, long? contentLength, string payloadHash = Unsigned, DateTimeOffset? time = null)
    {
        List<KeyValuePair<string, string>> lines = [new("Host", daemon.EndPoint.ToString()), .. headers.Select(h => KeyValuePair.Create(h.Name, h.Value))];
        lines.AddRange(SigV4Signer.Sign(Request(method, pathAndQuery, lines, payloadHash), daemon.Credentials, "us-east-1", "s3", time ?? TimeProvider.System.GetUtcNow()));
        if (contentLength is { } length)
            lines.Add(new("Content-Length", $"{length}"));
        lines.Add(new("Connection", "close"));
        return Encoding.UTF8.GetBytes($"{method} {pathAndQuery} HTTP/1.1\r\n{string.Concat(lines.Select(l => $"{l.Key}: {l.Value}\r\n"))}\r\n");
    }

    /// <summary>A target that carries its signature itself.</summary>
    public string Presign(string method, string path, DateTimeOffset time, TimeSpan expires) =>
        $"{path}?{SigV4Signer.Presign(Request(method, path, [new("Host", daemon.EndPoint.ToString())], Unsigned), daemon.Credentials, "us-east-1", "s3", time, expires)}";

    /// <summary>Sends a request without a signature of its own.</summary>
    public Task<S3Answer> SendPlainAsync(string method, string pathAndQuery, ReadOnlyMemory<byte> body = default) =>
        SendRawAsync(Encoding.UTF8.GetBytes($"{method} {pathAndQuery} HTTP/1.1\r\nHost: {daemon.EndPoint}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), body);

    /// <summary>Sends bytes as they are; with <paramref name="hangsUp"/> the client's side of the connection ends there.</summary>
    public async Task<S3Answer> SendRawAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body = default, bool hangsUp = false)
    {
        using var socket = await ConnectAsync();
        try
        {
            await socket.SendAsync(head, Ct);
            await socket.SendAsync(body, Ct);
            if (hangsUp)
                socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The server may have answered and closed before it was sent everything.
        }

        return await ReadAnswerAsync(socket);
    }

    /// <summary>Opens a connection.</summary>
    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(daemon.EndPoint, Ct);
        return socket;
    }

    /// <summary>Reads until the connection ends.</summary>
    public static async Task<S3Answer> ReadAnswerAsync(Socket socket)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[65_536];
        try
        {
            while (await socket.ReceiveAsync(buffer, Ct) is > 0 and var count)
                bytes.Write(buffer, 0, count);
        }
        catch (SocketException)
        {
            // A reset after the answer, because the server did not want the rest of the body.
        }

        return S3Answer.Parse(bytes.ToArray());
    }

    /// <summary>The hash of a body.</summary>
    public static string Sha256(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));

    private static SigV4Request Request(string method, string pathAndQuery, IReadOnlyList<KeyValuePair<string, string>> headers, string payloadHash)
    {
        var question = pathAndQuery.IndexOf('?', StringComparison.Ordinal);
        return question < 0
            ? new SigV4Request(method, pathAndQuery, "", headers, payloadHash)
            : new SigV4Request(method, pathAndQuery[..question], pathAndQuery[(question + 1)..], headers, payloadHash);
    }
}
