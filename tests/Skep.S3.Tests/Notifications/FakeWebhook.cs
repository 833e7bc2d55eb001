using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;

namespace Skep.S3.Tests.Notifications;

/// <summary>A webhook without a network: keeps what it is sent and answers as told, 200 by default.</summary>
internal sealed class FakeWebhook : HttpMessageHandler
{
    private readonly Channel<Delivery> _received = Channel.CreateUnbounded<Delivery>();

    /// <summary>What to answer next, in order.</summary>
    public ConcurrentQueue<HttpStatusCode> Answers { get; } = new();

    /// <summary>The next request.</summary>
    public async Task<Delivery> NextAsync(CancellationToken ct) => await _received.Reader.ReadAsync(ct);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string? Header(string name) => request.Headers.TryGetValues(name, out var values) ? values.Single() : null;
        await _received.Writer.WriteAsync(
            new Delivery(request.RequestUri!.ToString(), await request.Content!.ReadAsStringAsync(cancellationToken), Header("X-Skep-Event-Id")!, Header("X-Skep-Signature")),
            cancellationToken);
        return new HttpResponseMessage(Answers.TryDequeue(out var status) ? status : HttpStatusCode.OK);
    }

    /// <summary>A request that it got.</summary>
    public sealed record Delivery(string Url, string Body, string EventId, string? Signature);
}
