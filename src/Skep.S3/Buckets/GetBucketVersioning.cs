using Skep.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Buckets;

/// <summary>Says whether the bucket keeps versions; nothing when it never did.</summary>
internal sealed class GetBucketVersioning : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetBucketVersioning";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, "versioning");

    /// <inheritdoc/>
    public override string Action => "s3:GetBucketVersioning";

    /// <inheritdoc/>
    public override Task RunAsync(S3Call call, CancellationToken ct) =>
        call.SendAsync(
            new S3Xml("VersioningConfiguration").Element("Status", call.BucketInfo.Versioning switch
            {
                VersioningState.Enabled => "Enabled",
                VersioningState.Suspended => "Suspended",
                _ => null,
            }),
            ct);
}
