using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Locks;

/// <summary>Puts a version under a legal hold, or takes the hold away.</summary>
internal sealed class PutObjectLegalHold(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "PutObjectLegalHold";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Object, "legal-hold");

    /// <inheritdoc/>
    public override string Action => "s3:PutObjectLegalHold";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        await ObjectLock.RequireAsync(services, call.Bucket, ct);
        ChecksumHeaders.RequireDigest(call);
        var root = await call.ReadXmlAsync(ct);
        if (root.Name != "LegalHold" || root.Value("Status") is not ("ON" or "OFF"))
            throw S3Errors.MalformedXml("expected LegalHold with Status ON or OFF");
        await services.Store.UpdateAsync(call.Address, new ObjectUpdate { IsLegalHold = root.Value("Status") == "ON" }, ct);
        call.SendEmpty();
    }
}
