using System.Text.Json.Nodes;

namespace Skep.Kubernetes.OpenApi;

/// <summary>Finds the fields of a document that its schema does not know.</summary>
internal static class FieldCheck
{
    /// <summary>Fields named in an answer; more are dropped, not listed.</summary>
    private const int FieldsMax = 100;

    /// <summary>Paths of unknown fields, in the order of the document ("spec.disks[0].sise").</summary>
    public static List<string> UnknownFields(JsonObject document, Schema schema)
    {
        var unknown = new List<string>();
        Walk(document, schema, "", unknown);
        return unknown;
    }

    private static void Walk(JsonNode? node, Schema schema, string path, List<string> unknown)
    {
        if (schema.IsOpen)
            return;
        switch (node)
        {
            case JsonObject members:
                foreach (var (name, value) in members)
                {
                    var memberPath = path.Length == 0 ? name : $"{path}.{name}";
                    if (schema.Properties.TryGetValue(name, out var member))
                        Walk(value, member, memberPath, unknown);
                    else if (schema.AdditionalProperties is { } values)
                        Walk(value, values, memberPath, unknown);
                    else if (schema.Type == "object" && unknown.Count < FieldsMax)
                        unknown.Add(memberPath);
                }

                break;
            case JsonArray items when schema.Items is { } item:
                for (var i = 0; i < items.Count; i++)
                    Walk(items[i], item, $"{path}[{i}]", unknown);
                break;
        }
    }
}
