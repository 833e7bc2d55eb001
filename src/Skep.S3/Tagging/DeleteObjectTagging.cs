using Microsoft.AspNetCore.Http;
using Skep.Objects;
using Skep.S3.Notifications;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Tagging;

/// <summary>Takes all tags from an object.</summary>
internal sealed class DeleteObjectTagging(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "DeleteObjectTagging";

    /// <inheritdoc/>
    public override S3Route Route => new("DELETE", S3Level.Object, "tagging");

    /// <inheritdoc/>
    public override string Action => "s3:DeleteObjectTagging";

    /// <inheritdoc/>
    public override string ActionFor(S3Call call) => call.Query.Has("versionId") ? "s3:DeleteObjectVersionTagging" : Action;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var version = await services.Store.UpdateAsync(call.Address, new ObjectUpdate { Tags = [] }, ct);
        await services.Events.PublishAsync(call, S3Event.Of(NotificationEvents.TaggingDelete, call.BucketInfo, version));
        ObjectHeaders.WriteVersionId(call, version.VersionId);
        call.SendEmpty(StatusCodes.Status204NoContent);
    }
}
