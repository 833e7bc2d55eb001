using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Output;
using Skep.Kubernetes.Requests;
using Skep.Kubernetes.Selectors;

namespace Skep.Kubernetes.Verbs;

/// <summary>delete and deletecollection.</summary>
internal sealed class DeleteVerbs(ResourceClient client, SchemaCatalog schemas)
{
    /// <summary>DELETE on a resource: a Status when it is gone, the resource when finalizers hold it.</summary>
    public async Task DeleteAsync(ApiRequest request)
    {
        var output = ResourceOutput.Of(request, client.Time);
        var (options, isDryRun) = await ReadOptionsAsync(request);
        var isGone = false;
        var before = client.View.Get(request.Key);
        var result = await Writes.CommitAsync(
            client,
            transaction =>
            {
                before = transaction.View.Get(request.Key);
                isGone = transaction.Delete(request.Key, options);
                return request.Key;
            },
            isDryRun,
            request.Aborted);
        if (!isGone)
        {
            await ResourceResponse.WriteAsync(request, output, 200, result.Json);
            return;
        }

        var details = new StatusDetails(request.Name, request.Kind.Group, request.Kind.Plural) { Uid = before?.Metadata.Uid };
        await ResourceResponse.WriteJsonAsync(request.Http, 200, StatusDocument.Success(details));
    }

    /// <summary>DELETE on a collection: all that the selectors match; answers with what was there.</summary>
    public async Task DeleteCollectionAsync(ApiRequest request)
    {
        var output = ResourceOutput.Of(request, client.Time);
        var filter = ResourceFilter.Of(request, schemas);
        var (options, isDryRun) = await ReadOptionsAsync(request);
        var view = client.View;
        var matching = view.List(request.Kind.GroupResource, request.Namespace, after: null).Where(filter.Matches).ToList();
        foreach (var resource in isDryRun ? [] : matching)
        {
            try
            {
                await Writes.CommitAsync(client, t => DeleteOne(t, resource.Key, options), isDryRun: false, request.Aborted);
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.NotFound)
            {
                // Somebody else deleted it: that is what was asked for.
            }
        }

        await ListVerb.WriteAsync(request, output, matching, new ListMetadata(client.View.Revision.ToString(), "", null));
    }

    private static ResourceKey DeleteOne(ResourceTransaction transaction, ResourceKey key, DeleteOptions options)
    {
        transaction.Delete(key, options);
        return key;
    }

    private static async Task<(DeleteOptions Options, bool IsDryRun)> ReadOptionsAsync(ApiRequest request)
    {
        var bytes = await RequestBody.ReadAsync(request.Http.Request, request.Aborted);
        // The body wins; without one the query may carry the options.
        if (bytes.Length == 0)
        {
            var options = Make(
                request.Query("propagationPolicy"), request.QueryFlag("orphanDependents"), request.QueryNumber("gracePeriodSeconds"), uid: null, revision: null);
            return (options, request.IsDryRun);
        }

        var body = RequestBody.Decode(bytes, RequestBody.MediaType(request.Http.Request)).Document;
        if (Text(body, "kind") is not ("" or "DeleteOptions"))
            throw ApiErrors.BadRequest($"the body of a deletion must be DeleteOptions, not {ApiRequest.Shorten(Text(body, "kind"))}");
        var preconditions = body["preconditions"] switch
        {
            null => [],
            JsonObject conditions => conditions,
            _ => throw ApiErrors.BadRequest("preconditions: expected an object"),
        };
        var fromBody = Make(
            Text(body, "propagationPolicy"), Flag(body, "orphanDependents"), Number(body, "gracePeriodSeconds"),
            preconditions["uid"] is null ? null : Text(preconditions, "uid"),
            preconditions["resourceVersion"] is null ? null : Text(preconditions, "resourceVersion"));
        return (fromBody, IsDryRun(body) || request.IsDryRun);
    }

    private static DeleteOptions Make(string policy, bool? orphan, long? graceSeconds, string? uid, string? revision)
    {
        if (policy.Length > 0 && orphan is not null)
            throw ApiErrors.InvalidOptions("DeleteOptions", "propagationPolicy", "orphanDependents and propagationPolicy cannot be both set");
        if (graceSeconds < 0)
            throw ApiErrors.InvalidOptions("DeleteOptions", "gracePeriodSeconds", $"{graceSeconds}: must not be negative", "FieldValueInvalid");
        var propagation = policy switch
        {
            "" => orphan is true ? DeletePropagation.Orphan : DeletePropagation.Background,
            "Background" => DeletePropagation.Background,
            "Foreground" => DeletePropagation.Foreground,
            "Orphan" => DeletePropagation.Orphan,
            _ => throw ApiErrors.InvalidOptions(
                "DeleteOptions", "propagationPolicy", $"\"{ApiRequest.Shorten(policy)}\": supported values: \"Background\", \"Foreground\", \"Orphan\"", "FieldValueNotSupported"),
        };
        return new DeleteOptions(propagation, uid, revision is null ? null : ResourceVersions.Parse(revision), graceSeconds);
    }

    private static bool IsDryRun(JsonObject body)
    {
        if (body["dryRun"] is null)
            return false;
        if (body["dryRun"] is not JsonArray values || values.Any(v => v is not JsonValue text || !text.TryGetValue<string>(out var s) || s != "All"))
            throw ApiErrors.InvalidOptions("DeleteOptions", "dryRun", "supported values: [\"All\"]", "FieldValueNotSupported");
        return values.Count > 0;
    }

    private static string Text(JsonObject node, string member) => node[member] switch
    {
        null => "",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw ApiErrors.BadRequest($"{member}: expected a string"),
    };

    private static bool? Flag(JsonObject node, string member) => node[member] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
        _ => throw ApiErrors.BadRequest($"{member}: expected true or false"),
    };

    private static long? Number(JsonObject node, string member) => node[member] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<long>(out var number) => number,
        _ => throw ApiErrors.BadRequest($"{member}: expected a whole number"),
    };
}
