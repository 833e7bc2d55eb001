using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Skep.Cli.Output;

namespace Skep.Cli.Client;

/// <summary>Watches.</summary>
internal sealed partial class ResourceApi
{
    private static readonly TimeSpan _reconnectDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The events after a revision, until the server ends the stream. With <paramref name="asTable"/> each object is a
    /// Table of one row.
    /// </summary>
    /// <exception cref="CliException">The revision is no longer kept, or the connection broke.</exception>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        ApiResource kind, string? ns, ListQuery query, string resourceVersion, bool asTable, [EnumeratorCancellation] CancellationToken ct)
    {
        var path = kind.Path(ns) + query.QueryString(("watch", "true"), ("resourceVersion", resourceVersion), ("allowWatchBookmarks", "true"));
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", asTable ? Table : Json);
        using var response = await client.SendStreamingAsync(request, ct);
        if (!response.IsSuccessStatusCode)
            throw ApiFailures.FromStatus(response.StatusCode, await response.Content.ReadAsStringAsync(ct));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(ct));
        while (await ReadLineAsync(reader, ct) is { } line)
        {
            if (Parse(line) is not { } change)
                continue;
            if (change.Type == "ERROR")
                throw ApiFailures.FromStatus(HttpStatusCode.Gone, change.Object.ToJsonString());
            yield return change;
        }
    }

    /// <summary>
    /// One resource as it is now and after each change, null while it does not exist. Goes on over broken connections
    /// and restarts of the daemon until the caller stops or <paramref name="ct"/> ends it.
    /// </summary>
    public async IAsyncEnumerable<JsonObject?> FollowAsync(ApiResource kind, string ns, string name, [EnumeratorCancellation] CancellationToken ct)
    {
        var query = ListQuery.OfName(name);
        while (true)
        {
            var list = await ListAsync(kind, ns, query, ct);
            yield return list["items"] is JsonArray { Count: > 0 } items ? items[0]!.AsObject() : null;

            await using var changes = WatchAsync(kind, ns, query, list.TextAt("metadata.resourceVersion") ?? "0", asTable: false, ct).GetAsyncEnumerator(ct);
            while (await MoveNextAsync(changes))
            {
                if (changes.Current.Type != "BOOKMARK")
                    yield return changes.Current.IsDeletion ? null : changes.Current.Object;
            }

            await Task.Delay(_reconnectDelay, client.Time, ct);
        }
    }

    // A watch that breaks is taken up again by listing; only a daemon that is gone is an error, and the list says so.
    private static async Task<bool> MoveNextAsync(IAsyncEnumerator<WatchEvent> changes)
    {
        try
        {
            return await changes.MoveNextAsync();
        }
        catch (CliException)
        {
            return false;
        }
    }

    private static async Task<string?> ReadLineAsync(StreamReader reader, CancellationToken ct)
    {
        try
        {
            return await reader.ReadLineAsync(ct);
        }
        catch (Exception ex) when (ex is IOException or HttpRequestException)
        {
            throw new CliException($"the connection to the daemon broke: {ex.Message}", ExitCode.NotRunning);
        }
    }

    private static WatchEvent? Parse(string line)
    {
        if (line.Length == 0)
            return null;
        try
        {
            var json = JsonNode.Parse(line);
            if (json.TextAt("type") is { } type && json?["object"] is JsonObject item)
            {
                json.AsObject().Remove("object");
                return new WatchEvent(type, item);
            }
        }
        catch (JsonException)
        {
            // A line cut off by the end of the connection.
        }

        return null;
    }
}
