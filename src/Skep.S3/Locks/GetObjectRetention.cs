using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Locks;

/// <summary>Shows until when a version is kept.</summary>
internal sealed class GetObjectRetention(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetObjectRetention";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Object, "retention");

    /// <inheritdoc/>
    public override string Action => "s3:GetObjectRetention";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        await ObjectLock.RequireAsync(services, call.Bucket, ct);
        var retention = (await services.Store.HeadAsync(call.Address, ct)).Metadata.Retention;
        if (retention.Mode is RetentionMode.None)
            throw S3Errors.Of("NoSuchObjectLockConfiguration", 404, "The specified object does not have a ObjectLock configuration");
        await call.SendAsync(new S3Xml("Retention").Element("Mode", ObjectLock.NameOf(retention.Mode)).Element("RetainUntilDate", retention.Until), ct);
    }
}
