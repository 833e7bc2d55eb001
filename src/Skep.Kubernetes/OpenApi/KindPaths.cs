using Skep.Core.Resources;

namespace Skep.Kubernetes.OpenApi;

/// <summary>The path templates of a kind.</summary>
internal static class KindPaths
{
    /// <summary>The collection, "/apis/compute.skep.dev/v1/namespaces/{namespace}/instances".</summary>
    public static string Collection(Kind kind)
    {
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.ApiVersion}";
        return kind.Scope is ResourceScope.Namespaced ? $"{root}/namespaces/{{namespace}}/{kind.Plural}" : $"{root}/{kind.Plural}";
    }

    /// <summary>One resource.</summary>
    public static string Item(Kind kind) => Collection(kind) + "/{name}";
}
