using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Locks;

/// <summary>Sets until when a version is kept; shorter only past governance, and never past compliance.</summary>
internal sealed class PutObjectRetention(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "PutObjectRetention";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Object, "retention");

    /// <inheritdoc/>
    public override string Action => "s3:PutObjectRetention";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        await ObjectLock.RequireAsync(services, call.Bucket, ct);
        var bypasses = DeleteObject.BypassesGovernance(call);
        if (bypasses)
            await services.Authorization.RequireAsync(call, "s3:BypassGovernanceRetention", ct);
        ChecksumHeaders.RequireDigest(call);
        var root = await call.ReadXmlAsync(ct);
        var (mode, until) = (root.Value("Mode"), root.Value("RetainUntilDate"));
        if (root.Name != "Retention" || mode is null != until is null)
            throw S3Errors.MalformedXml("expected Retention with Mode and RetainUntilDate");
        var retention = mode is null ? default : ObjectLock.ParseRetention(mode, until!, services.Time.GetUtcNow());
        var current = (await services.Store.HeadAsync(call.Address, ct)).Metadata.Retention;
        // The store lets governance become compliance; S3 wants the permission to bypass for that.
        if (current.Mode is RetentionMode.Governance && current.Until > services.Time.GetUtcNow() && retention.Mode is RetentionMode.Compliance && !bypasses)
            throw S3Errors.AccessDenied("the object is under governance retention");
        await services.Store.UpdateAsync(call.Address, new ObjectUpdate { Retention = retention, BypassesGovernance = bypasses }, ct);
        call.SendEmpty();
    }
}
