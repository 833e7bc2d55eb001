using Microsoft.AspNetCore.Http;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Output;
using Skep.Kubernetes.Requests;
using Skep.Kubernetes.Selectors;

namespace Skep.Kubernetes.Verbs;

/// <summary>get of a collection: selectors, pages pinned to one state, resourceVersion rules.</summary>
internal sealed class ListVerb(ResourceClient client, SchemaCatalog schemas)
{
    /// <summary>Bytes written before the response is flushed, so that a big list needs no big buffer.</summary>
    private const int FlushBytes = 64 * 1024;

    private readonly ViewSnapshots _snapshots = new(client.Time);

    /// <summary>Answers a list.</summary>
    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Http.Request.Query.ContainsKey("sendInitialEvents"))
            throw ApiErrors.InvalidOptions("ListOptions", "sendInitialEvents", "sendInitialEvents is forbidden for list");
        var output = ResourceOutput.Of(request, client.Time);
        var filter = ResourceFilter.Of(request, schemas);
        var limit = request.QueryNumber("limit") ?? 0;
        var (view, after) = Position(request);

        var page = new List<Resource>();
        string token = "";
        long? remaining = null;
        using (var items = view.List(request.Kind.GroupResource, request.Namespace, after).GetEnumerator())
        {
            while (items.MoveNext())
            {
                if (!filter.Matches(items.Current))
                    continue;
                if (limit > 0 && page.Count == limit)
                {
                    token = new ContinueToken(view.Revision, page[^1].Key.Namespace, page[^1].Key.Name).Encode();
                    _snapshots.Keep(view);
                    remaining = filter.IsSelective ? null : 1 + CountRest(items);
                    break;
                }

                page.Add(items.Current);
            }
        }

        await WriteAsync(request, output, page, new ListMetadata(view.Revision.ToString(), token, remaining));
    }

    /// <summary>Writes a list as the response.</summary>
    public static async Task WriteAsync(ApiRequest request, ResourceOutput output, IReadOnlyList<Resource> items, ListMetadata metadata)
    {
        var response = request.Http.Response;
        response.ContentType = OutputForm.ContentType;
        var body = response.BodyWriter;
        output.StartList(body, metadata);
        for (var i = 0; i < items.Count; i++)
        {
            output.WriteItem(body, items[i], isFirst: i == 0);
            if (body.CanGetUnflushedBytes && body.UnflushedBytes > FlushBytes)
                await body.FlushAsync(request.Aborted);
        }

        ResourceOutput.EndList(body);
        await body.FlushAsync(request.Aborted);
    }

    private static long CountRest(IEnumerator<Resource> items)
    {
        var count = 0;
        while (items.MoveNext())
            count++;
        return count;
    }

    private (View View, ResourceKey? After) Position(ApiRequest request)
    {
        var asked = request.Query("resourceVersion");
        var match = request.Query("resourceVersionMatch");
        var newest = client.View;
        if (request.Query("continue") is { Length: > 0 } text)
        {
            if (match.Length > 0)
                throw ApiErrors.InvalidOptions("ListOptions", "resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
            if (asked is not ("" or "0"))
                throw ApiErrors.BadRequest("specifying resource version is not allowed when using continue");
            var token = ContinueToken.Decode(text);
            if (request.Namespace is { } ns && ns != token.Namespace)
                throw ApiErrors.BadRequest($"continue key is not valid: it belongs to a list of namespace \"{ApiRequest.Shorten(token.Namespace)}\"");
            var view = (token.Revision == newest.Revision ? newest : _snapshots.Find(token.Revision))
                ?? throw ApiErrors.Expired("The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.");
            return (view, new ResourceKey(request.Kind.GroupResource, token.Namespace, token.Name));
        }

        return (AtRevision(ResourceVersions.Parse(asked), match, newest), null);
    }

    private View AtRevision(long? asked, string match, View newest)
    {
        if (match.Length > 0 && asked is null)
            throw ApiErrors.InvalidOptions("ListOptions", "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
        if (match is not ("" or "Exact" or "NotOlderThan"))
            throw ApiErrors.InvalidOptions("ListOptions", "resourceVersionMatch", $"\"{ApiRequest.Shorten(match)}\": supported values: \"Exact\", \"NotOlderThan\"", "FieldValueNotSupported");
        if (match == "Exact" && asked == 0)
            throw ApiErrors.InvalidOptions("ListOptions", "resourceVersionMatch", "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
        if (asked > newest.Revision)
            throw ApiErrors.ResourceVersionTooLarge(asked.Value, newest.Revision);
        if (match != "Exact" || asked == newest.Revision)
            return newest;
        return _snapshots.Find(asked!.Value) ?? throw ApiErrors.Expired($"The resourceVersion for the provided list is too old: {asked}");
    }
}
