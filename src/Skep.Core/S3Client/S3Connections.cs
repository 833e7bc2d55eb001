using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Skep.Core.S3Client;

/// <summary>
/// HTTP/1.1 connections to one S3 endpoint, in two pools: large bodies have connections of their own, so that a small
/// read never waits behind a large write.
/// </summary>
public sealed class S3Connections : IDisposable
{
    /// <summary>Requests with more bytes than this in their body or answer count as large.</summary>
    public const int LargeBytesMin = 65_536;

    private const int SocketBufferBytes = 256 * 1024;
    private const int LargeConnectionsMax = 32;
    private const int SmallConnectionsMax = 64;
    private static readonly TimeSpan _connectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _idleTimeout = TimeSpan.FromMinutes(1);

    /// <summary>How long a connection is used at most, so that changes of DNS are seen.</summary>
    private static readonly TimeSpan _lifetime = TimeSpan.FromMinutes(10);

    private readonly HttpMessageInvoker _large;
    private readonly HttpMessageInvoker _small;

    /// <summary>Makes the pools; connects nowhere yet.</summary>
    /// <exception cref="S3ConfigurationException">The file with the authorities cannot be used.</exception>
    /// <param name="location">Where the endpoint is, and which authorities to trust.</param>
    public S3Connections(S3Location location)
    {
        var authorities = location.AuthorityFile is { } file ? LoadAuthorities(file) : null;
        _large = new HttpMessageInvoker(NewHandler(LargeConnectionsMax, authorities));
        _small = new HttpMessageInvoker(NewHandler(SmallConnectionsMax, authorities));
    }

    /// <summary>Sends a request; returns when the answer's header has come.</summary>
    /// <param name="request">The request.</param>
    /// <param name="bytes">Bytes of its body, or of the answer that is expected.</param>
    /// <param name="ct">Cancels.</param>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, long bytes, CancellationToken ct) =>
        (bytes >= LargeBytesMin ? _large : _small).SendAsync(request, ct);

    /// <inheritdoc/>
    public void Dispose()
    {
        _large.Dispose();
        _small.Dispose();
    }

    private static SocketsHttpHandler NewHandler(int connectionsMax, X509Certificate2Collection? authorities)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // a redirect would be signed for another host
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = _connectTimeout,
            MaxConnectionsPerServer = connectionsMax,
            PooledConnectionIdleTimeout = _idleTimeout,
            PooledConnectionLifetime = _lifetime,
            ConnectCallback = ConnectAsync,
            // User metadata may be any text; S3 has it in UTF-8.
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        };
        if (authorities is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            SendBufferSize = SocketBufferBytes,
            ReceiveBufferSize = SocketBufferBytes,
        };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static X509Certificate2Collection LoadAuthorities(string file)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPemFile(file);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new S3ConfigurationException($"{file}: the authorities cannot be read: {ex.Message}", ex);
        }

        return found.Count > 0 ? found : throw new S3ConfigurationException($"{file} has no certificate in PEM form");
    }
}
