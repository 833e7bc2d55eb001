using Skep.Objects;
using Skep.S3.Notifications;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Tagging;

/// <summary>Sets an object's tags, all of them.</summary>
internal sealed class PutObjectTagging(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "PutObjectTagging";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Object, "tagging");

    /// <inheritdoc/>
    public override string Action => "s3:PutObjectTagging";

    /// <summary>Policies may have conditions on the tags, which are in the body.</summary>
    public override bool AuthorizesItself => true;

    /// <inheritdoc/>
    public override string ActionFor(S3Call call) => call.Query.Has("versionId") ? "s3:PutObjectVersionTagging" : Action;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var tags = TagSet.FromXml(await call.ReadXmlAsync(ct), TagSet.ObjectTagsMax);
        call.RequestTags = tags;
        await services.Authorization.RequireAsync(call, ActionFor(call), ct);
        var version = await services.Store.UpdateAsync(call.Address, new ObjectUpdate { Tags = tags }, ct);
        await services.Events.PublishAsync(call, S3Event.Of(NotificationEvents.TaggingPut, call.BucketInfo, version));
        ObjectHeaders.WriteVersionId(call, version.VersionId);
        call.SendEmpty();
    }
}
