using Skep.Core.Resources;
using Skep.Kubernetes.Protobuf;

namespace Skep.Kubernetes.OpenApi;

/// <summary>
/// The OpenAPI 2.0 document in gnostic's protobuf form (openapiv2/OpenAPIv2.proto), the only one that older kubectls
/// read: definitions for explain and validation, and for each kind the PATCH operation by which they know that
/// dry runs are supported.
/// </summary>
internal static class OpenApiV2
{
    private const string DefinitionPrefix = "#/definitions/";

    /// <summary>Writes the document of all kinds.</summary>
    public static byte[] Write(IEnumerable<Kind> kinds, SchemaCatalog schemas)
    {
        var paths = new ProtobufWriter();
        var definitions = new ProtobufWriter();
        AddNamed(definitions, 1, SchemaCatalog.ObjectMetaName, Convert(SchemaCatalog.ObjectMeta));
        foreach (var kind in kinds)
        {
            var schema = Convert(schemas.Of(kind));
            AddExtension(schema, 31, "x-kubernetes-group-version-kind", $"- {GroupVersionKind(kind)}\n");
            AddNamed(definitions, 1, SchemaCatalog.NameOf(kind), schema);
            AddNamed(paths, 2, KindPaths.Item(kind), new ProtobufWriter().Message(8, Patch(kind)));
        }

        var document = new ProtobufWriter()
            .Text(1, "2.0")
            .Message(2, new ProtobufWriter().Text(1, "Skep").Text(2, "v1"))
            .Message(8, paths)
            .Message(9, definitions);
        return document.Written.ToArray();
    }

    // Operation: 3 description, 5 operation_id, 8 parameters, 9 responses, 13 vendor_extension.
    private static ProtobufWriter Patch(Kind kind)
    {
        var operation = new ProtobufWriter().Text(5, $"patch{kind.Name}");
        foreach (var parameter in (ReadOnlySpan<string>)["dryRun", "fieldManager", "fieldValidation"])
        {
            // QueryParameterSubSchema {2 in, 4 name, 6 type} in NonBodyParameter 3, in Parameter 2, in ParametersItem 1.
            var query = new ProtobufWriter().Text(2, "query").Text(4, parameter).Text(6, "string");
            operation.Message(8, new ProtobufWriter().Message(1, new ProtobufWriter().Message(2, new ProtobufWriter().Message(3, query))));
        }

        operation.Message(9, new ProtobufWriter());
        AddExtension(operation, 13, "x-kubernetes-group-version-kind", GroupVersionKind(kind));
        return operation;
    }

    // Schema: 1 _ref, 2 format, 4 description, 21 additional_properties, 22 type, 23 items, 25 properties, 31 vendor_extension.
    private static ProtobufWriter Convert(Schema schema)
    {
        var message = new ProtobufWriter();
        if (schema.Reference.Length > 0)
            message.Text(1, DefinitionPrefix + schema.Reference);
        message.Text(2, schema.Format).Text(4, schema.Description);
        if (schema.Reference.Length > 0)
            return message;
        if (schema.AdditionalProperties is { } values)
            message.Message(21, new ProtobufWriter().Message(1, Convert(values)));
        if (schema.Type.Length > 0)
            message.Message(22, new ProtobufWriter().Text(1, schema.Type));
        if (schema.Items is { } items)
            message.Message(23, new ProtobufWriter().Message(1, Convert(items)));
        if (schema.Properties.Count > 0)
        {
            var properties = new ProtobufWriter();
            foreach (var (name, property) in schema.Properties)
                AddNamed(properties, 1, name, Convert(property));
            message.Message(25, properties);
        }

        if (schema.IsOpen)
            AddExtension(message, 31, "x-kubernetes-preserve-unknown-fields", "true");
        if (schema.PatchMergeKey.Length > 0)
            AddExtension(message, 31, "x-kubernetes-patch-merge-key", schema.PatchMergeKey);
        if (schema.PatchStrategy.Length > 0)
            AddExtension(message, 31, "x-kubernetes-patch-strategy", schema.PatchStrategy);
        return message;
    }

    private static string GroupVersionKind(Kind kind) => $"{{group: \"{kind.Group}\", version: \"{kind.Version}\", kind: \"{kind.Name}\"}}";

    // NamedAny {1 name, 2 Any {2 yaml}}.
    private static void AddExtension(ProtobufWriter target, int field, string name, string yaml) =>
        AddNamed(target, field, name, new ProtobufWriter().Text(2, yaml));

    private static void AddNamed(ProtobufWriter target, int field, string name, ProtobufWriter value) =>
        target.Message(field, new ProtobufWriter().Text(1, name).Message(2, value));
}
