using System.Text.Json.Nodes;
using Skep.Cli.Output;

namespace Skep.Cli.Client;

/// <summary>The kinds a server has.</summary>
internal sealed class Discovery
{
    private Discovery(IReadOnlyList<ApiResource> resources) => Resources = resources;

    /// <summary>All of them, the core group first.</summary>
    public IReadOnlyList<ApiResource> Resources { get; }

    /// <summary>Asks the server.</summary>
    public static async Task<Discovery> LoadAsync(SkepClient client, CancellationToken ct)
    {
        var groups = await client.GetJsonAsync("/apis", ct);
        var paths = new List<(string Group, string Version, string Path)> { ("", "v1", "/api/v1") };
        foreach (var group in groups.ItemsAt("groups"))
        {
            var name = group.TextAt("name") ?? "";
            var version = group.TextAt("preferredVersion.version") ?? group.TextAt("versions.0.version") ?? "v1";
            paths.Add((name, version, $"/apis/{name}/{version}"));
        }

        var lists = await Task.WhenAll(paths.Select(async p => Read(p.Group, p.Version, await client.GetJsonAsync(p.Path, ct))));
        return new Discovery([.. lists.SelectMany(r => r)]);
    }

    /// <summary>The kind that a user's word means.</summary>
    /// <exception cref="CliException">No kind, or kinds of several groups.</exception>
    public ApiResource Find(string word)
    {
        var found = Resources.Where(r => r.Answers(word)).ToList();
        // As in kubectl, the core group wins over others; otherwise the group must be said.
        if (found.Count > 1 && found.Where(r => r.Group.Length == 0).ToList() is [var core])
            return core;
        return found switch
        {
            [var one] => one,
            [] => throw new CliException($"there is no kind \"{word}\"", ExitCode.NotFound, $"Kinds: {string.Join(", ", Resources.Where(r => r.Verbs.Contains("list")).Select(r => r.Plural).Order(StringComparer.Ordinal))}."),
            _ => throw new CliException($"\"{word}\" means several kinds", ExitCode.Usage, $"Say which: {string.Join(", ", found.Select(r => $"{r.Plural}.{r.Group}"))}."),
        };
    }

    /// <summary>The kind of a document.</summary>
    /// <exception cref="CliException">The server has no such kind.</exception>
    public ApiResource FindDocument(string apiVersion, string kind) =>
        Resources.FirstOrDefault(r => r.ApiVersion == apiVersion && r.Kind == kind)
        ?? throw new CliException($"there is no kind {kind} in {apiVersion}", ExitCode.NotFound, "`skep get` without a kind lists the kinds.");

    /// <summary>The kinds of one group's APIResourceList; null has none.</summary>
    public static IEnumerable<ApiResource> Read(string apiGroup, string version, JsonNode? list) => list.ItemsAt("resources")
        .Where(item => !(item.TextAt("name") ?? "/").Contains('/', StringComparison.Ordinal)) // subresources
        .Select(item => new ApiResource(apiGroup, version, item.TextAt("name")!, item.TextAt("kind") ?? "", item.TextAt("namespaced") == "true")
        {
            Singular = item.TextAt("singularName") is { Length: > 0 } singular ? singular : (item.TextAt("kind") ?? "").ToLowerInvariant(),
            ShortNames = [.. item.ItemsAt("shortNames").Select(s => JsonPaths.Scalar(s) ?? "")],
            Verbs = [.. item.ItemsAt("verbs").Select(s => JsonPaths.Scalar(s) ?? "")],
        });
}
