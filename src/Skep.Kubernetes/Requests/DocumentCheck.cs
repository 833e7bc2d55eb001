using System.Text.Json;
using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Selectors;

namespace Skep.Kubernetes.Requests;

/// <summary>Checks that a document is what the path says, before the resource model sees it.</summary>
internal static class DocumentCheck
{
    private static readonly string[] _textMembers = ["name", "generateName", "namespace", "uid", "resourceVersion", "selfLink"];

    /// <summary>
    /// Requires the kind, name and namespace of the request and a well-formed metadata, and fills in what the document leaves out.
    /// </summary>
    /// <exception cref="ApiException">400 for what contradicts the path or has the wrong shape, 422 for bad labels.</exception>
    public static void Require(ApiRequest request, JsonObject document)
    {
        var kind = request.Kind;
        var apiVersion = Text(document, "apiVersion", "apiVersion");
        if (apiVersion.Length > 0 && apiVersion != kind.ApiVersion)
            throw ApiErrors.BadRequest($"the API version in the data ({ApiRequest.Shorten(apiVersion)}) does not match the expected API version ({kind.ApiVersion})");
        var name = Text(document, "kind", "kind");
        if (name.Length > 0 && name != kind.Name)
            throw ApiErrors.BadRequest($"the kind in the data ({ApiRequest.Shorten(name)}) does not match the expected kind ({kind.Name})");

        if (document["metadata"] is null)
            document["metadata"] = new JsonObject();
        if (document["metadata"] is not JsonObject metadata)
            throw ApiErrors.BadRequest("metadata: expected an object");
        RequireShape(metadata);
        RequireName(request, metadata);
        RequireNamespace(request, metadata);
        RequireLabels(request, metadata);
    }

    private static void RequireName(ApiRequest request, JsonObject metadata)
    {
        if (request.Name.Length == 0)
            return;
        var name = (string?)metadata["name"] ?? "";
        if (name.Length == 0)
            metadata["name"] = request.Name;
        else if (name != request.Name)
            throw ApiErrors.BadRequest($"the name of the object ({ApiRequest.Shorten(name)}) does not match the name on the URL ({request.Name})");
    }

    private static void RequireNamespace(ApiRequest request, JsonObject metadata)
    {
        if (request.Kind.Scope is ResourceScope.Cluster)
        {
            metadata.Remove("namespace");
            return;
        }

        var ns = (string?)metadata["namespace"] ?? "";
        if (ns.Length == 0)
            metadata["namespace"] = request.Namespace;
        else if (ns != request.Namespace)
            throw ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
    }

    private static void RequireShape(JsonObject metadata)
    {
        foreach (var member in _textMembers)
        {
            if (metadata.ContainsKey(member) && metadata[member] is null)
                metadata.Remove(member);
            Text(metadata, member, $"metadata.{member}");
        }

        foreach (var member in (ReadOnlySpan<string>)["labels", "annotations"])
        {
            if (metadata[member] is not { } node)
                continue;
            if (node is not JsonObject map)
                throw ApiErrors.BadRequest($"metadata.{member}: expected a map of strings");
            foreach (var (key, _) in map)
                Text(map, key, $"metadata.{member}[\"{ApiRequest.Shorten(key)}\"]");
        }

        if (metadata["finalizers"] is { } finalizers && (finalizers is not JsonArray list || list.Any(f => f?.GetValueKind() is not JsonValueKind.String)))
            throw ApiErrors.BadRequest("metadata.finalizers: expected a list of strings");
        if (metadata["ownerReferences"] is { } owners && (owners is not JsonArray references || references.Any(o => o is not JsonObject)))
            throw ApiErrors.BadRequest("metadata.ownerReferences: expected a list of objects");
    }

    private static void RequireLabels(ApiRequest request, JsonObject metadata)
    {
        if (metadata["labels"] is not JsonObject labels)
            return;
        var errors = new List<FieldError>();
        foreach (var (key, value) in labels)
        {
            if (!LabelSyntax.IsKey(key))
                errors.Add(new("metadata.labels", FieldErrorReason.Invalid, $"\"{ApiRequest.Shorten(key)}\": {LabelSyntax.KeyRule}"));
            if (value is not null && !LabelSyntax.IsValue((string)value!))
                errors.Add(new("metadata.labels", FieldErrorReason.Invalid, $"\"{ApiRequest.Shorten((string)value!)}\": {LabelSyntax.ValueRule}"));
        }

        if (errors.Count > 0)
            throw ApiErrors.Invalid(request.Kind, (string?)metadata["name"] ?? "", errors);
    }

    private static string Text(JsonObject node, string member, string path) => node[member] switch
    {
        null => "",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw ApiErrors.BadRequest($"{path}: expected a string"),
    };
}
