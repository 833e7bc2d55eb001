using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Output;
using Skep.Kubernetes.Requests;
using Skep.Kubernetes.Selectors;
using Skep.Kubernetes.Verbs;

namespace Skep.Kubernetes.Watches;

/// <summary>watch: decides where the stream begins, then hands over to <see cref="WatchStream"/>.</summary>
internal sealed class WatchVerb(ResourceClient client, SchemaCatalog schemas)
{
    /// <summary>Streams end after a random time between this and twice this, so that clients do not reconnect all at once.</summary>
    private static readonly TimeSpan _lifetimeMin = TimeSpan.FromMinutes(30);

    /// <summary>Longest timeoutSeconds honoured.</summary>
    private const long TimeoutSecondsMax = 24 * 3600;

    /// <summary>Streams until the client goes away, the time is up or the store stops.</summary>
    public async Task HandleAsync(ApiRequest request)
    {
        var output = ResourceOutput.Of(request, client.Time);
        var filter = ResourceFilter.Of(request, schemas);
        if (request.Query("continue").Length > 0)
            throw ApiErrors.BadRequest("continue is not allowed when watching");
        var sendsInitialEvents = request.QueryFlag("sendInitialEvents");
        var match = request.Query("resourceVersionMatch");
        if (sendsInitialEvents is not null && match != "NotOlderThan")
            throw ApiErrors.InvalidOptions("ListOptions", "resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        if (sendsInitialEvents is null && match.Length > 0)
            throw ApiErrors.InvalidOptions("ListOptions", "resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");

        var view = client.View;
        var asked = ResourceVersions.Parse(request.Query("resourceVersion"));
        if (asked > view.Revision)
            throw ApiErrors.ResourceVersionTooLarge(asked.Value, view.Revision);
        var startsNow = asked is null or 0 || sendsInitialEvents is true;
        if (!startsNow && asked < client.Store.CompactedRevision)
            throw ApiErrors.Expired($"too old resource version: {asked} ({client.Store.CompactedRevision})");

        var lifetime = Lifetime(request);
        var allowsBookmarks = request.QueryFlag("allowWatchBookmarks") ?? false;
        await using var stream = new WatchStream(request.Http, output, filter, allowsBookmarks, client.Time);
        if (startsNow && sendsInitialEvents is not false)
        {
            foreach (var resource in view.List(request.Kind.GroupResource, request.Namespace, after: null))
            {
                if (filter.Matches(resource))
                    await stream.AddAsync(resource);
            }

            if (sendsInitialEvents is true && allowsBookmarks)
                stream.Bookmark(view.Revision, endsInitialEvents: true);
        }

        var position = startsNow ? view.Revision : asked!.Value;
        await stream.RunAsync(client.Store, request.Kind.GroupResource, position, lifetime);
    }

    private TimeSpan Lifetime(ApiRequest request)
    {
        if (request.QueryNumber("timeoutSeconds") is { } seconds and > 0)
            return TimeSpan.FromSeconds(Math.Min(seconds, TimeoutSecondsMax));
        Span<byte> random = stackalloc byte[2];
        client.Ids.Fill(random);
        return _lifetimeMin * (1 + (BitConverter.ToUInt16(random) / (double)ushort.MaxValue));
    }
}
