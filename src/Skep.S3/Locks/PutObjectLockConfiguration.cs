using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Locks;

/// <summary>Sets a bucket's object lock configuration; the bucket must keep versions.</summary>
internal sealed class PutObjectLockConfiguration(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "PutObjectLockConfiguration";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Bucket, ObjectLock.SubResource);

    /// <inheritdoc/>
    public override string Action => "s3:PutBucketObjectLockConfiguration";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        ChecksumHeaders.RequireDigest(call);
        var root = await call.ReadXmlAsync(ct);
        ObjectLock.Check(root);
        if (call.BucketInfo.Versioning is not VersioningState.Enabled)
            throw S3Errors.InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
        var xml = new S3Xml(ObjectLock.Root);
        foreach (var child in root.Children)
            xml.Element(child);
        await services.Store.PutDocumentAsync(call.Bucket, ObjectLock.SubResource, xml.Finish(), ct);
        call.SendEmpty();
    }
}
