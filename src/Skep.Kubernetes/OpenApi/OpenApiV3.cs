using System.Text.Json.Nodes;
using Skep.Core.Resources;

namespace Skep.Kubernetes.OpenApi;

/// <summary>OpenAPI 3.0 documents as kubectl reads them: explain, server-side validation, strategic merge of built-in kinds.</summary>
internal static class OpenApiV3
{
    private const string SchemaPrefix = "#/components/schemas/";

    /// <summary>/openapi/v3: where the document of each group version is, with a hash so that clients can keep it.</summary>
    public static byte[] WriteIndex(IEnumerable<string> groupVersions, Func<string, string> hashOf)
    {
        var paths = new JsonObject();
        foreach (var path in groupVersions)
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={hashOf(path).ToUpperInvariant()}" };
        return ResourceDocument.ToBytes(new JsonObject { ["paths"] = paths });
    }

    /// <summary>The document of one group version.</summary>
    public static byte[] Write(IReadOnlyList<Kind> kinds, SchemaCatalog schemas)
    {
        var paths = new JsonObject();
        var definitions = new JsonObject { [SchemaCatalog.ObjectMetaName] = Convert(SchemaCatalog.ObjectMeta) };
        foreach (var kind in kinds)
        {
            var schema = Convert(schemas.Of(kind));
            schema["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(kind));
            definitions[SchemaCatalog.NameOf(kind)] = schema;
            AddPaths(paths, kind);
        }

        return ResourceDocument.ToBytes(new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Skep", ["version"] = kinds[0].ApiVersion },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = definitions },
        });
    }

    private static void AddPaths(JsonObject paths, Kind kind)
    {
        string[] writeOptions = ["dryRun", "fieldManager", "fieldValidation"];
        string[] listOptions = ["allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"];
        paths[KindPaths.Collection(kind)] = new JsonObject
        {
            ["get"] = Operation(kind, "list", listOptions),
            ["post"] = Operation(kind, "post", writeOptions),
            ["delete"] = Operation(kind, "deletecollection", [.. listOptions, "dryRun", "propagationPolicy"]),
        };
        paths[KindPaths.Item(kind)] = new JsonObject
        {
            ["get"] = Operation(kind, "get", []),
            ["put"] = Operation(kind, "put", writeOptions),
            ["patch"] = Operation(kind, "patch", writeOptions),
            ["delete"] = Operation(kind, "delete", ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"]),
        };
    }

    private static JsonObject Operation(Kind kind, string action, string[] parameters) => new()
    {
        ["operationId"] = $"{action}{kind.Name}",
        ["parameters"] = new JsonArray([.. parameters.Select(p => (JsonNode)new JsonObject
        {
            ["name"] = p,
            ["in"] = "query",
            ["schema"] = new JsonObject { ["type"] = "string" },
        })]),
        ["responses"] = new JsonObject
        {
            ["200"] = new JsonObject
            {
                ["description"] = "OK",
                ["content"] = new JsonObject
                {
                    ["application/json"] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = SchemaPrefix + SchemaCatalog.NameOf(kind) } },
                },
            },
        },
        ["x-kubernetes-action"] = action,
        ["x-kubernetes-group-version-kind"] = GroupVersionKind(kind),
    };

    private static JsonObject GroupVersionKind(Kind kind) => new() { ["group"] = kind.Group, ["version"] = kind.Version, ["kind"] = kind.Name };

    private static JsonObject Convert(Schema schema)
    {
        var node = new JsonObject();
        AddText(node, "description", schema.Description);
        if (schema.Reference.Length > 0)
        {
            // A sibling of $ref would be ignored, so the description needs allOf.
            node["allOf"] = new JsonArray(new JsonObject { ["$ref"] = SchemaPrefix + schema.Reference });
            return node;
        }

        AddText(node, "type", schema.Type);
        AddText(node, "format", schema.Format);
        if (schema.Properties.Count > 0)
            node["properties"] = new JsonObject(schema.Properties.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)Convert(p.Value))));
        if (schema.Items is { } items)
            node["items"] = Convert(items);
        if (schema.AdditionalProperties is { } values)
            node["additionalProperties"] = Convert(values);
        if (schema.IsOpen)
            node["x-kubernetes-preserve-unknown-fields"] = true;
        AddText(node, "x-kubernetes-patch-merge-key", schema.PatchMergeKey);
        AddText(node, "x-kubernetes-patch-strategy", schema.PatchStrategy);
        return node;
    }

    private static void AddText(JsonObject node, string member, string text)
    {
        if (text.Length > 0)
            node[member] = text;
    }
}
