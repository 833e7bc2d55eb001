using System.ComponentModel;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace Skep.Kubernetes.OpenApi;

/// <summary>Makes schemas from serializer metadata, with the descriptions that the properties carry.</summary>
internal static class SchemaReader
{
    private static readonly JsonSchemaExporterOptions _options = new()
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = AddDescription,
    };

    /// <summary>The schema of a type as the serializer sees it.</summary>
    public static Schema Read(JsonTypeInfo type) => Convert(JsonSchemaExporter.GetJsonSchemaAsNode(type, _options));

    private static JsonNode AddDescription(JsonSchemaExporterContext context, JsonNode node)
    {
        var attributes = context.PropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), inherit: true) ?? [];
        if (attributes is not [DescriptionAttribute { Description: { Length: > 0 } text }, ..])
            return node;
        // The schema of "any value" is the boolean true, which has no room for a description.
        var schema = node as JsonObject ?? [];
        schema["description"] = text;
        return schema;
    }

    private static Schema Convert(JsonNode? node)
    {
        // A reference means that a type contains itself; its inner levels are left open.
        if (node is not JsonObject schema)
            return Schema.Any;
        if (schema.ContainsKey("$ref"))
            return Schema.Of("object", Text(schema, "description"));
        var type = schema["type"] switch
        {
            JsonArray types => types.Select(t => (string)t!).FirstOrDefault(t => t != "null") ?? "",
            JsonValue single => (string)single!,
            _ => schema.ContainsKey("enum") ? "string" : "",
        };
        return new Schema
        {
            Type = type,
            Format = Text(schema, "format"),
            Description = Text(schema, "description"),
            Properties = schema["properties"] is JsonObject properties
                ? properties.ToDictionary(p => p.Key, p => Convert(p.Value))
                : new Dictionary<string, Schema>(),
            Items = type == "array" ? Convert(schema["items"]) : null,
            AdditionalProperties = schema["additionalProperties"] is JsonObject values ? Convert(values) : null,
        };
    }

    private static string Text(JsonObject schema, string member) => (string?)schema[member] ?? "";
}
