using Skep.Core.S3Client;
using Skep.Objects;
using Skep.Objects.Rules;
using Skep.S3.Xml;

namespace Skep.S3.Upstream;

internal sealed partial class UpstreamBackend
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<DeleteOutcome>> DeleteManyAsync(string bucket, IReadOnlyList<DeleteRequest> requests, CancellationToken ct)
    {
        var outcomes = new DeleteOutcome[requests.Count];
        // One request for all that the one request can say: conditions are decided one by one.
        foreach (var group in Enumerable.Range(0, requests.Count).Where(i => !IsConditional(requests[i])).GroupBy(i => requests[i].BypassesGovernance))
        {
            foreach (var page in group.Chunk(PageMax))
                await DeletePageAsync(bucket, requests, page, group.Key, outcomes, ct);
        }

        for (var i = 0; i < requests.Count; i++)
        {
            if (IsConditional(requests[i]))
                outcomes[i] = await DeleteOneAsync(bucket, requests[i], ct);
        }

        return outcomes;
    }

    private static bool IsConditional(DeleteRequest request) => request.Conditions != WriteConditions.None || request.IfNoncurrent;

    private async Task<DeleteOutcome> DeleteOneAsync(string bucket, DeleteRequest request, CancellationToken ct)
    {
        try
        {
            return new DeleteOutcome(await DeleteAsync(bucket, request, ct), null);
        }
        catch (ObjectException ex) when (ex.Error is not (ObjectError.Unavailable or ObjectError.NoSuchBucket))
        {
            return new DeleteOutcome(default, ex);
        }
    }

    private async Task DeletePageAsync(string bucket, IReadOnlyList<DeleteRequest> requests, int[] page, bool bypasses, DeleteOutcome[] outcomes, CancellationToken ct)
    {
        await RecordAsync(bucket, ct);
        var hasVersions = await VersioningAsync(bucket, ct) is not VersioningState.None;
        var xml = new S3Xml("Delete");
        foreach (var i in page)
        {
            Keys.Encode(requests[i].Key);
            xml.Open("Object").Element("Key", requests[i].Key).Element("VersionId", IdOf(requests[i])).Close();
        }

        var call = new UpstreamRequest(HttpMethod.Post)
        {
            About = new(bucket, ""),
            Query = "delete",
            Document = xml.Finish(),
            Headers = bypasses ? [new("x-amz-bypass-governance-retention", "true")] : [],
        };
        using var answer = await _client.SendAsync(call, ct);
        answer.Await(UpstreamRequest.LongTimeout);
        var root = await answer.ReadXmlAsync();
        if (root.Name == "Error")
            throw UpstreamFailures.Of(call, answer.FailureOf(root), markerId: null, _time.GetUtcNow());
        var isLocked = await HasLockAsync(bucket, ct);
        var deleted = root.All("Deleted").ToLookup(NameOf);
        var failed = root.All("Error").ToLookup(NameOf);
        foreach (var i in page)
        {
            var name = (requests[i].Key, IdOf(requests[i]) ?? "");
            if (failed[name].FirstOrDefault() is { } error)
                outcomes[i] = Failed(requests[i], error);
            else if (deleted[name].FirstOrDefault() is { } done)
                outcomes[i] = new DeleteOutcome(ResultOf(done), null);
            else
                outcomes[i] = new DeleteOutcome(default, new ObjectException(ObjectError.Io, $"{bucket}/{requests[i].Key}: {_client.Name} does not say whether it was deleted"));
        }

        string? IdOf(DeleteRequest request) => request.VersionId is ObjectVersion.NullId && !hasVersions ? null : request.VersionId;
        DeleteOutcome Failed(DeleteRequest request, XmlElement error)
        {
            var about = call with { About = new(bucket, request.Key, request.VersionId), DeniedMeansLocked = isLocked };
            // Of many, the status says nothing of one.
            var failure = new S3Failure(System.Net.HttpStatusCode.BadRequest, error.Value("Code") ?? "", error.Value("Message") ?? "");
            return failure.Code is "NoSuchKey" or "NoSuchVersion"
                ? default
                : new DeleteOutcome(default, UpstreamFailures.Of(about, failure with { Status = failure.Code == "AccessDenied" ? System.Net.HttpStatusCode.Forbidden : failure.Status }, markerId: null, _time.GetUtcNow()));
        }
    }

    private static (string Key, string VersionId) NameOf(XmlElement element) => (element.Value("Key") ?? "", element.Value("VersionId") ?? "");

    private static DeleteResult ResultOf(XmlElement deleted) =>
        deleted.Value("DeleteMarker") == "true"
            ? new DeleteResult(deleted.Value("DeleteMarkerVersionId") ?? deleted.Value("VersionId"), IsDeleteMarker: true)
            : new DeleteResult(deleted.Value("VersionId"), IsDeleteMarker: false);
}
