using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Skep.Cli.Output;

namespace Skep.Cli.Client;

/// <summary>The resource API (Kubernetes' conventions), with documents as JSON nodes.</summary>
internal sealed partial class ResourceApi(SkepClient client)
{
    private const int PageSize = 500;
    private const string Json = "application/json";
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

    /// <summary>One resource.</summary>
    /// <exception cref="CliException">Not found, refused, or no daemon.</exception>
    public Task<JsonObject> GetAsync(ApiResource kind, string ns, string name, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, kind.Path(ns, name), null, Json, ct);

    /// <summary>One resource, or null when there is none.</summary>
    public async Task<JsonObject?> FindAsync(ApiResource kind, string ns, string name, CancellationToken ct)
    {
        try
        {
            return await GetAsync(kind, ns, name, ct);
        }
        catch (CliException ex) when (ex.Code == ExitCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>All resources of a kind, read page by page. <paramref name="ns"/> null means every namespace.</summary>
    /// <returns>The List object of the last page, with every page's items.</returns>
    public async Task<JsonObject> ListAsync(ApiResource kind, string? ns, ListQuery query, CancellationToken ct)
    {
        var items = new List<JsonNode?>();
        string? next = null;
        while (true)
        {
            var page = await SendAsync(HttpMethod.Get, kind.Path(ns) + Page(query, next), null, Json, ct);
            Move(page, "items", items);
            next = page.TextAt("metadata.continue");
            if (string.IsNullOrEmpty(next))
            {
                page["items"] = new JsonArray([.. items]);
                return page;
            }
        }
    }

    /// <summary>The server's table of one resource or of all (with <paramref name="name"/> null).</summary>
    public async Task<JsonObject> TableAsync(ApiResource kind, string? ns, string? name, ListQuery query, CancellationToken ct)
    {
        if (name is not null)
            return await SendAsync(HttpMethod.Get, kind.Path(ns, name), null, Table, ct);
        var rows = new List<JsonNode?>();
        string? next = null;
        while (true)
        {
            var page = await SendAsync(HttpMethod.Get, kind.Path(ns) + Page(query, next), null, Table, ct);
            Move(page, "rows", rows);
            next = page.TextAt("metadata.continue");
            if (string.IsNullOrEmpty(next))
            {
                page["rows"] = new JsonArray([.. rows]);
                return page;
            }
        }
    }

    /// <summary>Creates a resource.</summary>
    public Task<JsonObject> CreateAsync(ApiResource kind, string ns, JsonObject document, bool dryRun, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, kind.Path(ns) + DryRun(dryRun), Body(document, Json), Json, ct);

    /// <summary>Changes a resource by a merge patch (RFC 7396).</summary>
    public Task<JsonObject> MergePatchAsync(ApiResource kind, string ns, string name, JsonObject patch, bool dryRun, CancellationToken ct) =>
        SendAsync(HttpMethod.Patch, kind.Path(ns, name) + DryRun(dryRun), Body(patch, "application/merge-patch+json"), Json, ct);

    /// <summary>Deletes a resource; it may stay visible until its finalizers are done.</summary>
    public Task<JsonObject> DeleteAsync(ApiResource kind, string ns, string name, CancellationToken ct)
    {
        var options = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = "v1", ["propagationPolicy"] = "Background" };
        return SendAsync(HttpMethod.Delete, kind.Path(ns, name), Body(options, Json), Json, ct);
    }

    private static string Page(ListQuery query, string? next) =>
        query.QueryString(("limit", PageSize.ToString()), ("continue", next));

    private static string DryRun(bool dryRun) => dryRun ? "?dryRun=All" : "";

    // A node has one parent: items are taken out of their page before they go into the whole.
    private static void Move(JsonObject page, string member, List<JsonNode?> target)
    {
        if (page[member] is not JsonArray items)
            return;
        var taken = items.ToList();
        items.Clear();
        target.AddRange(taken);
    }

    private static ByteArrayContent Body(JsonObject document, string mediaType)
    {
        var content = new ByteArrayContent(JsonText.Utf8(document));
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, HttpContent? content, string accept, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await client.SendAsync(request, ct);
        var body = await response.Content.ReadAsStringAsync(ct);
        if (!response.IsSuccessStatusCode)
            throw ApiFailures.FromStatus(response.StatusCode, body);
        try
        {
            if (JsonNode.Parse(body) is JsonObject answer)
                return answer;
        }
        catch (JsonException)
        {
            // Reported below with the other answers that are no object.
        }

        throw new CliException($"{method} {path}: the daemon answered something that is no JSON object");
    }
}
