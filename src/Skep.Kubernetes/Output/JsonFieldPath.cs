using System.Text.Json;

namespace Skep.Kubernetes.Output;

/// <summary>Follows the simple paths of columns and selectable fields: "status.state", "spec.addresses[0].ip".</summary>
internal static class JsonFieldPath
{
    /// <summary>The value at a path; null when a part of it is absent or null.</summary>
    public static JsonElement? Find(JsonElement element, ReadOnlySpan<char> path)
    {
        foreach (var range in path.Split('.'))
        {
            var part = path[range];
            var bracket = part.IndexOf('[');
            var name = bracket < 0 ? part : part[..bracket];
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                return null;
            if (bracket < 0)
                continue;
            var index = int.Parse(part[(bracket + 1)..^1]);
            if (element.ValueKind != JsonValueKind.Array || index >= element.GetArrayLength())
                return null;
            element = element[index];
        }

        return element.ValueKind is JsonValueKind.Null ? null : element;
    }

    /// <summary>A value as text: a string's content, otherwise its JSON.</summary>
    public static string Text(JsonElement value) => value.ValueKind is JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
