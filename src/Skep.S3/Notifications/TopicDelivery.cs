using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.S3.Kinds;

namespace Skep.S3.Notifications;

/// <summary>
/// Delivers one event to a topic: posts it to the webhook, or makes it an Event of the topic's namespace. The address is the
/// administrator's choice, so that it may be any, this machine too; redirects are not followed, no proxy is asked, and
/// nothing of the answer but its status is looked at.
/// </summary>
internal sealed class TopicDelivery(ResourceClient resources, HttpMessageInvoker http, TimeProvider time)
{
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(15);

    /// <summary>How to reach webhooks.</summary>
    public static HttpMessageInvoker CreateClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        MaxConnectionsPerServer = 16,
    });

    /// <summary>The signature of a body: who knows the secret can tell that it is ours, and how old it is.</summary>
    public static string Sign(string secret, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        var seconds = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.UTF8.GetBytes(seconds), (byte)'.', .. body];
        return $"t={seconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed))}";
    }

    /// <summary>Delivers an event; null when it was, else why not.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="id">The event's id, the same each time that it is tried.</param>
    /// <param name="message">The document.</param>
    /// <param name="ct">Ends the attempt.</param>
    public Task<string?> DeliverAsync(Topic topic, string id, ReadOnlyMemory<byte> message, CancellationToken ct) =>
        topic.Spec.Url is { } url ? PostAsync(url, topic, id, message, ct) : RecordAsync(topic, id, message, ct);

    private async Task<string?> PostAsync(string url, Topic topic, string id, ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(_timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(message) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "skep");
        request.Headers.TryAddWithoutValidation("X-Skep-Topic", $"{topic.Metadata.Namespace}/{topic.Metadata.Name}");
        request.Headers.TryAddWithoutValidation("X-Skep-Event-Id", id);
        if (topic.Spec.Secret is { } secret)
            request.Headers.TryAddWithoutValidation("X-Skep-Signature", Sign(secret, time.GetUtcNow(), message.Span));
        try
        {
            using var response = await http.SendAsync(request, either.Token);
            return response.StatusCode is >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous ? null : $"it answered {(int)response.StatusCode}";
        }
        catch (HttpRequestException ex)
        {
            return ex.InnerException is { } inner ? $"{ex.Message}: {inner.Message}" : ex.Message;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"it did not answer within {_timeout.TotalSeconds} seconds";
        }
    }

    private async Task<string?> RecordAsync(Topic topic, string id, ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var value = new Event
        {
            // Named after the event's id: written twice, it is there once.
            Metadata = { Name = $"{topic.Metadata.Name}.{id}", Namespace = topic.Metadata.Namespace },
            InvolvedObject = { ApiVersion = S3Kinds.Topic.ApiVersion, Kind = S3Kinds.Topic.Name, Namespace = topic.Metadata.Namespace, Name = topic.Metadata.Name, Uid = topic.Metadata.Uid },
            Type = "Normal",
            Reason = "S3Event",
            Message = Encoding.UTF8.GetString(message.Span),
            Count = 1,
            FirstTimestamp = now,
            LastTimestamp = now,
            ReportingComponent = "skep",
        };
        try
        {
            await resources.CreateAsync(CoreKinds.Event, value, ct);
            return null;
        }
        catch (ResourceException ex)
        {
            return ex.Reason is ResourceError.AlreadyExists ? null : ex.Message;
        }
    }
}
