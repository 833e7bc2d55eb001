using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Buckets;

/// <summary>Says the bucket's region; nothing for us-east-1, as S3 does.</summary>
internal sealed class GetBucketLocation(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetBucketLocation";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, "location");

    /// <inheritdoc/>
    public override string Action => "s3:GetBucketLocation";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var xml = new S3Xml("LocationConstraint");
        xml.Text(await BucketRegion.FindAsync(services, call.Bucket, ct));
        await call.SendAsync(xml, ct);
    }
}
