using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Patches;

/// <summary>A parsed patch of any kind. May be applied several times: a patch is tried again when the resource changed meanwhile.</summary>
internal abstract class Patch
{
    private const string JsonPatchType = "application/json-patch+json";
    private const string MergePatchType = "application/merge-patch+json";
    private const string StrategicMergePatchType = "application/strategic-merge-patch+json";

    /// <summary>Members that occurred twice in the patch.</summary>
    public required IReadOnlyList<string> Duplicates { get; init; }

    /// <summary>Applies the patch; <paramref name="document"/> is used up.</summary>
    /// <exception cref="ApiException">The patch does not fit the document.</exception>
    public abstract JsonObject Apply(JsonObject document);

    /// <summary>Reads a patch by its media type.</summary>
    /// <exception cref="ApiException">415 for a type that the kind does not take (strategic merge for Skep's own kinds,
    /// server-side apply for all), 400 for a malformed patch.</exception>
    public static Patch Parse(string mediaType, byte[] bytes, Kind kind, SchemaCatalog schemas)
    {
        var isBuiltIn = SchemaCatalog.IsBuiltIn(kind);
        var duplicates = new List<string>();
        switch (mediaType)
        {
            case JsonPatchType:
                var operations = JsonTree.Parse(bytes, duplicates) as JsonArray ?? throw ApiErrors.BadRequest("a JSON patch must be a list of operations");
                return new JsonPatch(operations, kind) { Duplicates = duplicates };
            case MergePatchType:
                return new MergePatch(JsonTree.ParseObject(bytes, duplicates)) { Duplicates = duplicates };
            case StrategicMergePatchType when isBuiltIn:
                return new StrategicMergePatch(JsonTree.ParseObject(bytes, duplicates), schemas.Of(kind)) { Duplicates = duplicates };
            default:
                var accepted = isBuiltIn ? $"{JsonPatchType}, {MergePatchType}, {StrategicMergePatchType}" : $"{JsonPatchType}, {MergePatchType}";
                throw ApiErrors.UnsupportedMediaType(ApiRequest.Shorten(mediaType), accepted);
        }
    }
}
