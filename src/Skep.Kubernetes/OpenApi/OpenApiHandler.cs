using Microsoft.AspNetCore.Http;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Output;

namespace Skep.Kubernetes.OpenApi;

/// <summary>Answers /openapi/v2 (protobuf) and /openapi/v3 (JSON, one document a group version). Made once and kept.</summary>
internal sealed class OpenApiHandler(KindRegistry kinds, SchemaCatalog schemas)
{
    // With a dot before the version, not the @ that clients ask with: a Go client fails to parse that.
    private const string Version2Type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private readonly CachedDocuments _cache = new();

    /// <summary>Answers a path that begins with "openapi".</summary>
    public Task HandleAsync(HttpContext http, string[] path)
    {
        var (document, contentType) = path switch
        {
            ["openapi", "v2"] => (_cache.Get("v2", () => OpenApiV2.Write(kinds.All, schemas)), Version2Type),
            ["openapi", "v3"] => (_cache.Get("v3", () => OpenApiV3.WriteIndex(GroupVersions(), v => Version3(v)!.Hash)), OutputForm.ContentType),
            ["openapi", "v3", .. var rest] => (Version3(string.Join('/', rest)), OutputForm.ContentType),
            _ => (null, ""),
        };
        return (document ?? throw ApiErrors.UnknownPath()).WriteAsync(http, contentType);
    }

    private IEnumerable<string> GroupVersions() => kinds.All.Select(PathOf).Distinct();

    private CachedDocument? Version3(string path) => _cache.Get("v3/" + path, () =>
    {
        var members = kinds.All.Where(k => PathOf(k) == path).ToList();
        return members.Count == 0 ? null : OpenApiV3.Write(members, schemas);
    });

    private static string PathOf(Kind kind) => kind.Group.Length == 0 ? $"api/{kind.Version}" : $"apis/{kind.ApiVersion}";
}
