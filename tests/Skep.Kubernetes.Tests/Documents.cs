using System.Text.Json.Nodes;

namespace Skep.Kubernetes.Tests;

/// <summary>Documents and paths that the tests share.</summary>
internal static class Documents
{
    public const string Instances = "/apis/compute.skep.dev/v1/namespaces/default/instances";
    public const string AllInstances = "/apis/compute.skep.dev/v1/instances";
    public const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    public const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

    public static string Instance(string name, string type = "t3.micro", string metadata = "") =>
        $$$"""{"apiVersion":"compute.skep.dev/v1","kind":"Instance","metadata":{"name":"{{{name}}}"{{{metadata}}}},"spec":{"imageId":"ami-1","instanceType":"{{{type}}}"}}""";

    public static string ConfigMap(string name) =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"a":"1"}}""";

    /// <summary>The string at a path of members and indexes ("items/0/metadata/name").</summary>
    public static string? Text(this JsonNode? node, string path)
    {
        foreach (var part in path.Split('/'))
            node = node is JsonArray items ? items[int.Parse(part)] : node?[part];
        return node is JsonValue value && value.TryGetValue<string>(out var text) ? text : node?.ToJsonString();
    }

    /// <summary>The names of a list's items.</summary>
    public static List<string> Names(this JsonObject list) => [.. ((JsonArray)list["items"]!).Select(i => i.Text("metadata/name")!)];
}
