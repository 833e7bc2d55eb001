using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Kubernetes.Access;

namespace Skep.Kubernetes.Discovery;

/// <summary>What kinds there are, in both forms: one document a group version (legacy), or all in one (aggregated).</summary>
internal sealed class DiscoveryDocuments
{
    private static readonly string[] _verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] _statusVerbs = ["get", "patch", "update"];

    private readonly List<ApiGroup> _groups;

    public DiscoveryDocuments(KindRegistry kinds)
    {
        var entries = kinds.All
            .Select(k => (k.Group, k.Version, Resource: Describe(k)))
            .Concat(ReviewKinds.All.Select(r => (r.Group, r.Version, Resource: Describe(r))));
        _groups = [.. entries
            .GroupBy(e => e.Group)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new ApiGroup(g.Key, [.. g
                .GroupBy(e => e.Version)
                .OrderBy(v => v.Key, StringComparer.Ordinal)
                .Select(v => new ApiVersion(v.Key, [.. v.Select(e => e.Resource)]))]))];
    }

    /// <summary>/api.</summary>
    public static JsonObject ApiVersions() => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(),
    };

    /// <summary>/apis.</summary>
    public JsonObject GroupList() => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. _groups.Where(g => g.Name.Length > 0).Select(g => (JsonNode)Group(g))]),
    };

    /// <summary>/apis/GROUP; null when there is no such group.</summary>
    public JsonObject? Group(string name)
    {
        if (name.Length == 0 || _groups.Find(g => g.Name == name) is not { } group)
            return null;
        var document = Group(group);
        document["kind"] = "APIGroup";
        document["apiVersion"] = "v1";
        return document;
    }

    /// <summary>/api/v1 and /apis/GROUP/VERSION; null when there is no such version.</summary>
    public JsonObject? ResourceList(string group, string version)
    {
        if (_groups.Find(g => g.Name == group)?.Versions.FirstOrDefault(v => v.Name == version) is not { } found)
            return null;
        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = new JsonArray([.. found.Resources.SelectMany(Legacy)]),
        };
    }

    /// <summary>/api (the core group) or /apis (the others) in the aggregated form of a version ("v2", "v2beta1").</summary>
    public JsonObject Aggregated(bool isCore, string version) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = $"apidiscovery.k8s.io/{version}",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. _groups.Where(g => g.Name.Length == 0 == isCore).Select(g => (JsonNode)new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = g.Name, ["creationTimestamp"] = null },
            ["versions"] = new JsonArray([.. g.Versions.Select(v => (JsonNode)new JsonObject
            {
                ["version"] = v.Name,
                ["resources"] = new JsonArray([.. v.Resources.Select(r => (JsonNode)Aggregated(r, g.Name, v.Name))]),
                ["freshness"] = "Current",
            })]),
        })]),
    };

    private static ApiResource Describe(Kind kind) => new(
        kind.Plural, kind.Singular, kind.Name, kind.Scope is ResourceScope.Namespaced, _verbs, kind.ShortNames, kind.Categories, kind.HasStatus);

    private static ApiResource Describe(ReviewKind kind) => new(
        kind.Plural, kind.Name.ToLowerInvariant(), kind.Name, IsNamespaced: false, ["create"], [], [], HasStatus: false);

    private static JsonObject Group(ApiGroup group)
    {
        JsonNode Version(ApiVersion v) => new JsonObject { ["groupVersion"] = $"{group.Name}/{v.Name}", ["version"] = v.Name };
        return new JsonObject
        {
            ["name"] = group.Name,
            ["versions"] = new JsonArray([.. group.Versions.Select(Version)]),
            ["preferredVersion"] = Version(group.Versions[0]),
        };
    }

    private static IEnumerable<JsonNode> Legacy(ApiResource resource)
    {
        var entry = new JsonObject
        {
            ["name"] = resource.Plural,
            ["singularName"] = resource.Singular,
            ["namespaced"] = resource.IsNamespaced,
            ["kind"] = resource.Kind,
            ["verbs"] = Texts(resource.Verbs),
        };
        if (resource.ShortNames.Count > 0)
            entry["shortNames"] = Texts(resource.ShortNames);
        if (resource.Categories.Count > 0)
            entry["categories"] = Texts(resource.Categories);
        yield return entry;
        if (resource.HasStatus)
        {
            yield return new JsonObject
            {
                ["name"] = resource.Plural + "/status",
                ["singularName"] = "",
                ["namespaced"] = resource.IsNamespaced,
                ["kind"] = resource.Kind,
                ["verbs"] = Texts(_statusVerbs),
            };
        }
    }

    private static JsonObject Aggregated(ApiResource resource, string group, string version)
    {
        JsonObject ResponseKind() => new() { ["group"] = group, ["version"] = version, ["kind"] = resource.Kind };
        var entry = new JsonObject
        {
            ["resource"] = resource.Plural,
            ["responseKind"] = ResponseKind(),
            ["scope"] = resource.IsNamespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = resource.Singular,
            ["verbs"] = Texts(resource.Verbs),
        };
        if (resource.ShortNames.Count > 0)
            entry["shortNames"] = Texts(resource.ShortNames);
        if (resource.Categories.Count > 0)
            entry["categories"] = Texts(resource.Categories);
        if (resource.HasStatus)
        {
            entry["subresources"] = new JsonArray(new JsonObject
            {
                ["subresource"] = "status",
                ["responseKind"] = ResponseKind(),
                ["verbs"] = Texts(_statusVerbs),
            });
        }

        return entry;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    private sealed record ApiGroup(string Name, IReadOnlyList<ApiVersion> Versions);

    private sealed record ApiVersion(string Name, IReadOnlyList<ApiResource> Resources);

    private sealed record ApiResource(
        string Plural, string Singular, string Kind, bool IsNamespaced, IReadOnlyList<string> Verbs,
        IReadOnlyList<string> ShortNames, IReadOnlyList<string> Categories, bool HasStatus);
}
