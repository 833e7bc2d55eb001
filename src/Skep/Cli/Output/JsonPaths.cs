using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Skep.Cli.Output;

/// <summary>Short ways into a resource's document.</summary>
internal static class JsonPaths
{
    /// <summary>The node at a dotted path, or null.</summary>
    public static JsonNode? At(this JsonNode? node, string path)
    {
        foreach (var part in path.Split('.'))
        {
            node = node switch
            {
                JsonObject o => o[part],
                JsonArray a when int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var i) && i < a.Count => a[i],
                _ => null,
            };
        }

        return node;
    }

    /// <summary>The scalar at a dotted path as text; null when there is none.</summary>
    public static string? TextAt(this JsonNode? node, string path) => Scalar(node.At(path));

    /// <summary>The items of the list at a dotted path; none when it is missing.</summary>
    public static IEnumerable<JsonNode> ItemsAt(this JsonNode? node, string path) =>
        node.At(path) is JsonArray items ? items.OfType<JsonNode>() : [];

    /// <summary>A scalar as text; null for null, objects and lists.</summary>
    public static string? Scalar(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.String => node.GetValue<string>(),
        JsonValueKind.Number => node.ToJsonString(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    /// <summary>metadata.name.</summary>
    public static string Name(this JsonNode? resource) => resource.TextAt("metadata.name") ?? "";

    /// <summary>An AWS tag of a resource of ours, or null.</summary>
    public static string? Tag(this JsonNode? resource, string key) =>
        resource.At("spec.tags") is JsonObject tags ? Scalar(tags[key]) : null;
}
