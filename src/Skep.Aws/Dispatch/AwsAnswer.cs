using Skep.Aws.Protocol;
using Skep.Aws.Protocol.Rest;

namespace Skep.Aws.Dispatch;

/// <summary>An answer as it goes over the wire.</summary>
internal sealed class AwsAnswer : IDisposable
{
    private readonly ByteBuffer _document;
    private readonly Payload? _payload;

    private AwsAnswer(int status, string contentType, ByteBuffer document, Payload? payload, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        (Status, ContentType, Headers) = (status, contentType, headers);
        (_document, _payload) = (document, payload);
    }

    /// <summary>HTTP status.</summary>
    public int Status { get; }
    public string ContentType { get; }
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>The body; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Body => _payload?.Bytes ?? _document.WrittenMemory;

    /// <summary>The answer of a success.</summary>
    public static AwsAnswer Of(ServedOperation operation, Outcome outcome, string requestId)
    {
        if (operation.Service.Protocol is not WireProtocol.RestJson)
        {
            using (outcome)
                return Xml(200, ResponseWriter.Envelope(operation.Service, operation.Model, requestId, outcome.Body.Written));
        }

        var payload = RestJsonWriter.Payload(outcome.Response);
        return new AwsAnswer(
            operation.Model.Http!.Status,
            payload is null ? "application/json" : "application/octet-stream",
            outcome.Body,
            payload,
            outcome.Response is { } response ? [.. RestJsonWriter.Headers(response)] : []);
    }

    /// <summary>The answer of a failure.</summary>
    public static AwsAnswer Of(ServiceModel service, AwsException error, string requestId)
    {
        if (service.Protocol is not WireProtocol.RestJson)
            return Xml(error.Status, ResponseWriter.Error(service, error, requestId));
        var translated = RestErrors.Translate(error);
        return new AwsAnswer(translated.Status, "application/json", RestJsonWriter.Error(translated), payload: null, [new("x-amzn-ErrorType", translated.Code)]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _document.Dispose();
        _payload?.Dispose();
    }

    private static AwsAnswer Xml(int status, XmlBuffer document) => new(status, "text/xml;charset=UTF-8", document, payload: null, []);
}
