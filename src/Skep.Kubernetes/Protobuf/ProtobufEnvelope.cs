using System.Text.Json.Nodes;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Protobuf;

/// <summary>
/// Kubernetes' protobuf form of a document: the bytes "k8s\0", then runtime.Unknown with the apiVersion, the kind and the
/// message (k8s.io/apimachinery/pkg/runtime/generated.proto).
/// </summary>
internal static class ProtobufEnvelope
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>Decodes a document into the JSON that the client meant.</summary>
    /// <exception cref="ApiException">400 when it is malformed, 415 when the kind has no table.</exception>
    public static JsonObject Decode(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Magic))
            throw ApiErrors.BadRequest("the protobuf body does not begin with the bytes 'k8s\\0'");
        var (apiVersion, kind) = ("", "");
        ReadOnlySpan<byte> raw = default;
        var reader = new ProtobufReader(bytes[Magic.Length..]);
        while (reader.ReadTag(out var field, out var wireType))
        {
            switch (field)
            {
                case 1 when wireType == ProtobufReader.LengthDelimited:
                    (apiVersion, kind) = ReadTypeMeta(reader.ReadBytes());
                    break;
                case 2 when wireType == ProtobufReader.LengthDelimited:
                    raw = reader.ReadBytes();
                    break;
                default:
                    reader.Skip(wireType);
                    break;
            }
        }

        if (ProtobufTables.Find(kind) is not { } message)
            throw ApiErrors.UnsupportedMediaType($"protobuf of {ApiRequest.Shorten(apiVersion)} {ApiRequest.Shorten(kind)}", "application/json, application/yaml");
        var document = new JsonObject { ["kind"] = kind, ["apiVersion"] = apiVersion };
        ProtobufDecoder.Decode(raw, message, document, depth: 1);
        return document;
    }

    private static (string ApiVersion, string Kind) ReadTypeMeta(ReadOnlySpan<byte> bytes)
    {
        var (apiVersion, kind) = ("", "");
        var reader = new ProtobufReader(bytes);
        while (reader.ReadTag(out var field, out var wireType))
        {
            switch (field)
            {
                case 1 when wireType == ProtobufReader.LengthDelimited:
                    apiVersion = reader.ReadText();
                    break;
                case 2 when wireType == ProtobufReader.LengthDelimited:
                    kind = reader.ReadText();
                    break;
                default:
                    reader.Skip(wireType);
                    break;
            }
        }

        return (apiVersion, kind);
    }
}
