using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Skep.Blocks.Devices;
using Skep.Blocks.Nbd;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>TCP and TLS between our own ends.</summary>
public sealed class NbdTlsTests
{
    private const long Size = 64L << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Moves_data_over_tcp(bool hasTls)
    {
        using var certificate = MakeCertificate();
        await using var server = new TcpServer(hasTls ? Tls(certificate, isRequired: true) : null);
        await using var client = await server.ConnectAsync(hasTls ? Trusting(certificate) : null);
        var data = NbdClientTests.Noise(5, 9_000_000);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => client.WriteAsync(i * 10_000_000L, data, isDurable: false, Token).AsTask()));
        var back = new byte[data.Length];
        for (var i = 0; i < 6; i++)
        {
            await client.ReadAsync(i * 10_000_000L, back, Token);
            Assert.True(data.AsSpan().SequenceEqual(back));
        }
    }

    [Fact]
    public async Task Gives_nothing_to_who_does_not_start_tls()
    {
        using var certificate = MakeCertificate();
        await using var server = new TcpServer(Tls(certificate, isRequired: true));
        var failure = await Assert.ThrowsAsync<NbdException>(() => server.ConnectAsync(tls: null));
        Assert.Equal(NbdFailure.Tls, failure.Failure);
        await Assert.ThrowsAsync<NbdException>(() => NbdClient.ListAsync(server.ClientOptions, TimeProvider.System, Token));
        await using var client = await server.ConnectAsync(Trusting(certificate));
        Assert.Equal(Size, client.SizeBytes);
    }

    [Fact]
    public async Task Serves_both_where_tls_is_optional()
    {
        using var certificate = MakeCertificate();
        await using var server = new TcpServer(Tls(certificate, isRequired: false));
        await using var plain = await server.ConnectAsync(tls: null);
        await using var secure = await server.ConnectAsync(Trusting(certificate));
        await plain.WriteAsync(0, new byte[] { 42 }, isDurable: false, Token);
        var back = new byte[1];
        await secure.ReadAsync(0, back, Token);
        Assert.Equal(42, back[0]);
    }

    [Fact]
    public async Task Tells_a_client_that_does_not_trust_it()
    {
        using var certificate = MakeCertificate();
        await using var server = new TcpServer(Tls(certificate, isRequired: true));
        var failure = await Assert.ThrowsAsync<NbdException>(() => server.ConnectAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }));
        Assert.Equal(NbdFailure.Tls, failure.Failure);
    }

    private static NbdServerTls Tls(X509Certificate2 certificate, bool isRequired) =>
        new() { Authentication = new SslServerAuthenticationOptions { ServerCertificate = certificate }, IsRequired = isRequired };

    private static SslClientAuthenticationOptions Trusting(X509Certificate2 certificate) => new()
    {
        TargetHost = "localhost",
        RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null && shown.GetRawCertData().AsSpan().SequenceEqual(certificate.RawData),
    };

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }

    /// <summary>A server on a port of the loopback.</summary>
    private sealed class TcpServer : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly NbdServer _server = new(new NbdExportTable(new NbdExport("disk", new MemoryDevice(Size))), new NbdServerOptions(), TimeProvider.System);
        private readonly Task _running;

        public TcpServer(NbdServerTls? tls)
        {
            ClientOptions = new NbdClientOptions { EndPoint = _server.BindTcp(new IPEndPoint(IPAddress.Loopback, 0), tls) };
            _running = _server.RunAsync(_stop.Token);
        }

        public NbdClientOptions ClientOptions { get; }

        public Task<NbdClient> ConnectAsync(SslClientAuthenticationOptions? tls) =>
            NbdClient.ConnectAsync(ClientOptions with { Tls = tls }, TimeProvider.System, Token);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            await _server.DisposeAsync();
            _stop.Dispose();
        }
    }
}
