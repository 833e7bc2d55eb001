using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;

namespace Skep.Kubernetes.Verbs;

/// <summary>
/// Where a list goes on: after which resource, in the state of which revision. Opaque to clients: base64url of a small
/// JSON object.
/// </summary>
internal sealed record ContinueToken(long Revision, string Namespace, string Name)
{
    private const int LengthMax = 2_048;

    /// <summary>The token as clients carry it.</summary>
    public string Encode()
    {
        var json = new JsonObject { ["v"] = 1, ["rv"] = Revision, ["ns"] = Namespace, ["name"] = Name };
        return Base64Url.EncodeToString(ResourceDocument.ToBytes(json));
    }

    /// <summary>Reads a token.</summary>
    /// <exception cref="ApiException">400: this server did not make it.</exception>
    public static ContinueToken Decode(string text)
    {
        try
        {
            if (text.Length <= LengthMax
                && JsonNode.Parse(Base64Url.DecodeFromChars(text)) is JsonObject json
                && json["v"] is JsonValue v && v.TryGetValue<int>(out var version) && version == 1
                && json["rv"] is JsonValue rv && rv.TryGetValue<long>(out var revision) && revision >= 0
                && json["ns"] is JsonValue ns && ns.TryGetValue<string>(out var nsText)
                && json["name"] is JsonValue name && name.TryGetValue<string>(out var nameText))
                return new ContinueToken(revision, nsText, nameText);
        }
        catch (Exception ex) when (ex is FormatException or JsonException or DecoderFallbackException or ArgumentException or InvalidOperationException)
        {
            // Fall through: whatever is wrong with it, it is not a token of ours.
        }

        throw ApiErrors.BadRequest("continue key is not valid: it is not a token that this server gave out");
    }
}
