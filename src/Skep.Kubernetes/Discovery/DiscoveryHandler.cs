using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Output;

namespace Skep.Kubernetes.Discovery;

/// <summary>Answers /version, /api, /apis and the documents below them. They do not change while the program runs.</summary>
internal sealed class DiscoveryHandler(KindRegistry kinds)
{
    /// <summary>The Kubernetes version that clients see: what they should expect of the API, not what Skep's own version is.</summary>
    private const string Version = "1.32";

    private readonly DiscoveryDocuments _documents = new(kinds);
    private readonly CachedDocuments _cache = new();

    /// <summary>Answers a path of one to three parts ("api", "apis/GROUP/VERSION").</summary>
    public Task HandleAsync(HttpContext http, string[] path)
    {
        var aggregated = path.Length == 1 ? AggregatedVersion(http.Request) : null;
        var contentType = aggregated is null ? OutputForm.ContentType : $"application/json;g=apidiscovery.k8s.io;v={aggregated};as=APIGroupDiscoveryList";
        var document = _cache.Get($"{string.Join('/', path)} {aggregated}", () =>
        {
            var json = path switch
            {
                ["version"] => VersionInfo(),
                ["api"] => aggregated is null ? DiscoveryDocuments.ApiVersions() : _documents.Aggregated(isCore: true, aggregated),
                ["apis"] => aggregated is null ? _documents.GroupList() : _documents.Aggregated(isCore: false, aggregated),
                ["api", var version] => _documents.ResourceList("", version),
                ["apis", var group] => _documents.Group(group),
                ["apis", var group, var version] => group.Length == 0 ? null : _documents.ResourceList(group, version),
                _ => null,
            };
            return json is null ? null : ResourceDocument.ToBytes(json);
        });
        // Clients keep one copy for each form.
        http.Response.Headers.Vary = "Accept";
        return (document ?? throw ApiErrors.UnknownPath()).WriteAsync(http, contentType);
    }

    private static JsonObject VersionInfo()
    {
        var parts = Version.Split('.');
        return new JsonObject
        {
            ["major"] = parts[0],
            ["minor"] = parts[1],
            ["gitVersion"] = $"v{Version}.0+skep",
            ["gitCommit"] = "",
            ["gitTreeState"] = "clean",
            ["buildDate"] = "1970-01-01T00:00:00Z",
            ["goVersion"] = "none",
            ["compiler"] = "dotnet",
            ["platform"] = "linux/" + (System.Runtime.InteropServices.RuntimeInformation.OSArchitecture is System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64"),
        };
    }

    // Lenient on purpose: newer clients add parameters (profile=…) that change nothing here.
    private static string? AggregatedVersion(HttpRequest request)
    {
        foreach (var range in MediaRange.ParseAccept(request.Headers.Accept))
        {
            if (range.Type != "application/json")
                continue;
            if (range.Parameter("as") is null)
                return null;
            if (range.Parameter("as") == "APIGroupDiscoveryList" && range.Parameter("g") == "apidiscovery.k8s.io" && range.Parameter("v") is "v2" or "v2beta1")
                return range.Parameter("v");
        }

        return null;
    }
}
