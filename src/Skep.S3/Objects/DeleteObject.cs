using Microsoft.AspNetCore.Http;
using Skep.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Objects;

/// <summary>Deletes an object or a version. What is not there is deleted already.</summary>
internal sealed class DeleteObject(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "DeleteObject";

    /// <inheritdoc/>
    public override S3Route Route => new("DELETE", S3Level.Object);

    /// <inheritdoc/>
    public override string Action => "s3:DeleteObject";

    /// <inheritdoc/>
    public override string ActionFor(S3Call call) => call.Query.Has("versionId") ? "s3:DeleteObjectVersion" : Action;

    /// <summary>Whether the caller wants to delete in spite of a governance retention.</summary>
    public static bool BypassesGovernance(S3Call call) => string.Equals(call.Header("x-amz-bypass-governance-retention"), "true", StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var bypasses = BypassesGovernance(call);
        if (bypasses)
            await services.Authorization.RequireAsync(call, "s3:BypassGovernanceRetention", ct);
        var request = new DeleteRequest
        {
            Key = call.Key,
            VersionId = call.VersionId,
            Conditions = Conditions.OfDelete(call),
            BypassesGovernance = bypasses,
        };
        var result = await services.Store.DeleteAsync(call.Bucket, request, ct);
        if (result.IsDeleteMarker)
            call.Response.Headers["x-amz-delete-marker"] = "true";
        ObjectHeaders.WriteVersionId(call, result.VersionId);
        call.SendEmpty(StatusCodes.Status204NoContent);
    }
}
