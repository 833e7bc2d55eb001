using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Tagging;

/// <summary>Shows an object's tags.</summary>
internal sealed class GetObjectTagging(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetObjectTagging";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Object, "tagging");

    /// <inheritdoc/>
    public override string Action => "s3:GetObjectTagging";

    /// <inheritdoc/>
    public override string ActionFor(S3Call call) => call.Query.Has("versionId") ? "s3:GetObjectVersionTagging" : Action;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var version = await services.Store.HeadAsync(call.Address, ct);
        ObjectHeaders.WriteVersionId(call, version.VersionId);
        await call.SendAsync(TagSet.ToXml(version.Metadata.Tags), ct);
    }
}
