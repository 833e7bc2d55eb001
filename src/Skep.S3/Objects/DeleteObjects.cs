using System.Globalization;
using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Objects;

/// <summary>Deletes up to 1,000 objects or versions; each succeeds or fails by itself.</summary>
internal sealed class DeleteObjects(S3Services services) : S3Operation
{
    private const int ObjectsMax = 1_000;

    /// <inheritdoc/>
    public override string Name => "DeleteObjects";

    /// <inheritdoc/>
    public override S3Route Route => new("POST", S3Level.Bucket, "delete");

    /// <inheritdoc/>
    public override string Action => "s3:DeleteObject";

    /// <inheritdoc/>
    public override bool AuthorizesItself => true;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        ChecksumHeaders.RequireDigest(call);
        var root = await call.ReadXmlAsync(ct);
        var named = root.All("Object").Select(Read).ToList();
        if (root.Name != "Delete" || named.Count is 0 or > ObjectsMax)
            throw S3Errors.MalformedXml($"Delete names {named.Count} objects, expected 1 to {ObjectsMax}");
        var isQuiet = root.Value("Quiet") == "true";
        var bypasses = DeleteObject.BypassesGovernance(call);
        var outcomes = await DeleteAsync(call, named, bypasses, ct);
        var xml = new S3Xml("DeleteResult");
        for (var i = 0; i < named.Count; i++)
            Write(xml, call, named[i], outcomes[i], isQuiet);
        await call.SendAsync(xml, ct);
    }

    private async Task<Outcome[]> DeleteAsync(S3Call call, List<DeleteRequest> named, bool bypasses, CancellationToken ct)
    {
        var outcomes = new Outcome[named.Count];
        var allowed = new List<int>();
        for (var i = 0; i < named.Count; i++)
        {
            try
            {
                var action = named[i].VersionId is null ? "s3:DeleteObject" : "s3:DeleteObjectVersion";
                await services.Authorization.RequireAsync(call, action, call.Bucket, named[i].Key, named[i].VersionId, ct);
                if (bypasses)
                    await services.Authorization.RequireAsync(call, "s3:BypassGovernanceRetention", call.Bucket, named[i].Key, named[i].VersionId, ct);
                allowed.Add(i);
            }
            catch (S3Exception ex)
            {
                outcomes[i] = new Outcome(default, ex);
            }
        }

        var results = await services.Store.DeleteManyAsync(call.Bucket, [.. allowed.Select(i => named[i] with { BypassesGovernance = bypasses })], ct);
        for (var i = 0; i < allowed.Count; i++)
        {
            if (results[i].Failure is null)
                await DeleteObject.PublishAsync(services, call, named[allowed[i]], results[i].Result);
            outcomes[allowed[i]] = await JudgeAsync(call, named[allowed[i]], results[i], ct);
        }

        return outcomes;
    }

    private async ValueTask<Outcome> JudgeAsync(S3Call call, DeleteRequest request, DeleteOutcome outcome, CancellationToken ct)
    {
        if (outcome.Failure is not { } failure)
            return new Outcome(outcome.Result, Failure: null);
        if (!DeleteObject.IsOfMissing(failure, request))
            return new Outcome(default, EngineErrors.Of(failure, call.Target with { Key = request.Key }));
        try
        {
            await DeleteObject.CheckMissingAsync(services, call.Bucket, request, ct);
            return default;
        }
        catch (S3Exception ex)
        {
            return new Outcome(default, ex);
        }
    }

    private static DeleteRequest Read(XmlElement element)
    {
        if (element.Value("Key") is not { Length: > 0 } key)
            throw S3Errors.MalformedXml("an Object has no Key");
        var etag = element.Value("ETag");
        var size = element.Value("Size");
        var modified = element.Value("LastModifiedTime");
        return new DeleteRequest
        {
            Key = key,
            VersionId = element.Value("VersionId") is { Length: > 0 } id ? id : null,
            Conditions = etag is null && size is null && modified is null
                ? WriteConditions.None
                : new WriteConditions
                {
                    IfMatch = etag is null ? null : Conditions.Unquote(etag),
                    IfLengthBytes = size is null ? null : long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : throw S3Errors.MalformedXml("Size is no number"),
                    IfLastModified = modified is null ? null : Conditions.Time(modified) ?? throw S3Errors.MalformedXml("LastModifiedTime is no time"),
                },
        };
    }

    private static void Write(S3Xml xml, S3Call call, DeleteRequest request, Outcome outcome, bool isQuiet)
    {
        if (outcome.Failure is { } failure)
        {
            xml.Open("Error").Element("Key", request.Key).Element("VersionId", request.VersionId).Element("Code", failure.Code).Element("Message", failure.Message).Close();
            return;
        }

        if (isQuiet)
            return;
        xml.Open("Deleted").Element("Key", request.Key).Element("VersionId", request.VersionId);
        if (outcome.Result.IsDeleteMarker && call.BucketInfo.Versioning is not VersioningState.None)
            xml.Element("DeleteMarker", value: true).Element("DeleteMarkerVersionId", outcome.Result.VersionId);
        xml.Close();
    }

    private readonly record struct Outcome(DeleteResult Result, S3Exception? Failure);
}
