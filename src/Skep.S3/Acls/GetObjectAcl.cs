using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Acls;

/// <summary>Shows an object's access control list.</summary>
internal sealed class GetObjectAcl(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetObjectAcl";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Object, "acl");

    /// <inheritdoc/>
    public override string Action => "s3:GetObjectAcl";

    /// <inheritdoc/>
    public override string ActionFor(S3Call call) => call.Query.Has("versionId") ? "s3:GetObjectVersionAcl" : Action;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var version = await services.Store.HeadAsync(call.Address, ct);
        ObjectHeaders.WriteVersionId(call, version.VersionId);
        await call.SendAsync(AclXml.Write(AclStore.OfObject(version), services.Accounts, version.Metadata.Owner), ct);
    }
}
