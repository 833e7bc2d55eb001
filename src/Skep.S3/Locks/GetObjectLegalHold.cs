using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Locks;

/// <summary>Says whether a version is under a legal hold.</summary>
internal sealed class GetObjectLegalHold(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetObjectLegalHold";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Object, "legal-hold");

    /// <inheritdoc/>
    public override string Action => "s3:GetObjectLegalHold";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        await ObjectLock.RequireAsync(services, call.Bucket, ct);
        var version = await services.Store.HeadAsync(call.Address, ct);
        await call.SendAsync(new S3Xml("LegalHold").Element("Status", version.Metadata.IsLegalHold ? "ON" : "OFF"), ct);
    }
}
