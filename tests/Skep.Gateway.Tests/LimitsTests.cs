using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Skep.Gateway.Tests;

/// <summary>What a client may send is bounded before it is read.</summary>
public sealed class LimitsTests
{
    private const int HugeBytes = 100 * 1024 * 1024;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_huge_body_is_refused_before_it_is_read(bool saysHowLong)
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        long read = 0;
        gateway.Dialect.Script = async (context, _) =>
        {
            var buffer = new byte[64 * 1024];
            int count;
            while ((count = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
                read += count;
        };
        using var client = gateway.CreateClient(token: gateway.Credentials.Token);
        var body = new PatternBody(HugeBytes, saysHowLong);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/scripted") { Content = body };
        HttpStatusCode? status = null;
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
            status = response.StatusCode;
        }
        catch (HttpRequestException)
        {
            // The server closes the connection under a client that goes on sending; it may not get to see the answer.
        }

        Assert.True(status is null or HttpStatusCode.RequestEntityTooLarge, $"answered {status}");
        Assert.InRange(read, 0, new GatewayOptions().BodyBytesMax);
        Assert.InRange(body.SentBytes, 0, HugeBytes / 2);
    }

    [Fact]
    public async Task A_connection_buffers_as_much_as_the_options_say()
    {
        await using var gateway = await TestGateway.StartAsync(Ct, new GatewayOptions { ReceiveBufferBytes = 70_000 });

        Assert.Equal(70_000, gateway.Transport.MaxReadBufferSize);
        Assert.IsType<TransportBlocks>(gateway.Memory);
    }

    [Fact]
    public async Task A_dialect_may_raise_the_limit_for_one_request()
    {
        await using var gateway = await TestGateway.StartAsync(Ct, new GatewayOptions { BodyBytesMax = 10 });
        gateway.Dialect.Script = async (context, _) =>
        {
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = 1000;
            using var copy = new MemoryStream();
            await context.Request.Body.CopyToAsync(copy, context.RequestAborted);
            await context.Response.WriteAsync($"{copy.Length}");
        };
        using var client = gateway.CreateClient();
        using var response = await client.PostAsync("/scripted", new ByteArrayContent(new byte[500]), Ct);
        Assert.Equal("500", await response.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task A_client_that_never_ends_its_headers_is_let_go()
    {
        await using var gateway = await TestGateway.StartAsync(Ct, new GatewayOptions { HeadersTimeout = TimeSpan.FromSeconds(1) });
        await using var stream = await ConnectAsync(gateway);
        await stream.WriteAsync("GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: "u8.ToArray(), Ct);
        // The test's own deadline is the only clock: the read ends when the server closes.
        using var reader = new StreamReader(stream, Encoding.ASCII);
        Assert.StartsWith("HTTP/1.1 408", await reader.ReadToEndAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_beyond_the_limit_are_refused()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        await using var stream = await ConnectAsync(gateway);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: {new string('a', 70_000)}\r\n\r\n"), Ct);
        var answer = new byte[12];
        await stream.ReadExactlyAsync(answer, Ct);
        Assert.Equal("HTTP/1.1 431", Encoding.ASCII.GetString(answer));
    }

    private static async Task<SslStream> ConnectAsync(TestGateway gateway)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, gateway.Port, Ct);
        var stream = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, served, _, _) => served is not null);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, Ct);
        return stream;
    }

    /// <summary>A body that is made while it is sent and counts how much of it was.</summary>
    private sealed class PatternBody(long length, bool saysHowLong) : HttpContent
    {
        public long SentBytes { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var chunk = new byte[64 * 1024];
            for (; SentBytes < length; SentBytes += chunk.Length)
                await stream.WriteAsync(chunk, Ct);
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length;
            return saysHowLong;
        }
    }
}
