using System.Buffers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Protobuf;

namespace Skep.Kubernetes.Requests;

/// <summary>A document that a client sent, whatever its encoding was.</summary>
internal sealed record DecodedBody(JsonObject Document, IReadOnlyList<string> Duplicates);

/// <summary>Reads and decodes request bodies within limits.</summary>
internal static class RequestBody
{
    /// <summary>Largest body read, as upstream's default for JSON and protobuf.</summary>
    public const int BytesMax = 3 * 1024 * 1024;

    /// <summary>Media types of whole documents.</summary>
    public const string DocumentTypes = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    /// <summary>The body's media type without parameters, lower case; "" when there is none.</summary>
    public static string MediaType(HttpRequest request)
    {
        var type = request.ContentType ?? "";
        var end = type.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? type : type[..end]).Trim().ToLowerInvariant();
    }

    /// <summary>Reads the whole body.</summary>
    /// <exception cref="ApiException">413 when it is too large, 415 when it is compressed.</exception>
    public static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding.ToString() is not ("" or "identity"))
            throw ApiErrors.UnsupportedMediaType($"Content-Encoding: {ApiRequest.Shorten(encoding.ToString())}", "uncompressed bodies");
        if (request.ContentLength > BytesMax)
            throw ApiErrors.TooLarge(BytesMax);
        var buffer = new ArrayBufferWriter<byte>((int)Math.Max(request.ContentLength ?? 0, 256));
        while (true)
        {
            var result = await request.BodyReader.ReadAsync(ct);
            foreach (var segment in result.Buffer)
                buffer.Write(segment.Span);
            request.BodyReader.AdvanceTo(result.Buffer.End);
            if (buffer.WrittenCount > BytesMax)
                throw ApiErrors.TooLarge(BytesMax);
            if (result.IsCompleted)
                return buffer.WrittenSpan.ToArray();
        }
    }

    /// <summary>Reads a whole document in JSON, YAML or protobuf.</summary>
    public static async Task<DecodedBody> ReadDocumentAsync(HttpRequest request, CancellationToken ct)
    {
        var bytes = await ReadAsync(request, ct);
        return Decode(bytes, MediaType(request));
    }

    /// <summary>Decodes a whole document.</summary>
    public static DecodedBody Decode(ReadOnlyMemory<byte> bytes, string mediaType)
    {
        if (bytes.Length == 0)
            throw ApiErrors.BadRequest("the body is empty; a document was expected");
        var duplicates = new List<string>();
        var document = mediaType switch
        {
            "" or "application/json" => JsonTree.ParseObject(bytes.Span, duplicates),
            "application/yaml" or "application/x-yaml" or "text/yaml" => YamlTree.ParseObject(bytes, duplicates),
            ProtobufEnvelope.MediaType => ProtobufEnvelope.Decode(bytes.Span),
            _ => throw ApiErrors.UnsupportedMediaType(ApiRequest.Shorten(mediaType), DocumentTypes),
        };
        return new DecodedBody(document, duplicates);
    }
}
