using Microsoft.AspNetCore.Http;
using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Notifications;
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

    /// <summary>
    /// What a conditional deletion of an object that is not there comes to: nothing to do, unless a delete marker is what
    /// does not meet the conditions. Any ETag (*) is met by it: the object is deleted, as was asked.
    /// </summary>
    /// <exception cref="S3Exception">PreconditionFailed.</exception>
    public static async ValueTask CheckMissingAsync(S3Services services, string bucket, DeleteRequest request, CancellationToken ct)
    {
        if (request.Conditions is { IfMatch: "*", IfLastModified: null, IfLengthBytes: null })
            return;
        try
        {
            await services.Store.HeadAsync(new ObjectAddress(bucket, request.Key), ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchKey)
        {
            if (ex.Marker is not null)
                throw S3Errors.PreconditionFailed("the object is deleted already");
        }
    }

    /// <summary>Whether a deletion failed because its conditions want an object that is not there.</summary>
    public static bool IsOfMissing(ObjectException failure, DeleteRequest request) =>
        failure.Error is ObjectError.NoSuchKey or ObjectError.NoSuchVersion && request.Conditions != WriteConditions.None;

    /// <summary>Tells what was deleted, if anything was.</summary>
    public static ValueTask PublishAsync(S3Services services, S3Call call, DeleteRequest request, DeleteResult result) => result.VersionId is null
        ? ValueTask.CompletedTask
        : services.Events.PublishAsync(call, S3Event.Of(NotificationEvents.Delete, NotificationEvents.DeleteMarkerCreated, call.BucketInfo, request, result));

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
        var result = await DeleteAsync(request, call, ct);
        await PublishAsync(services, call, request, result);
        if (result.IsDeleteMarker)
            call.Response.Headers["x-amz-delete-marker"] = "true";
        ObjectHeaders.WriteVersionId(call, result.VersionId);
        call.SendEmpty(StatusCodes.Status204NoContent);
    }

    private async ValueTask<DeleteResult> DeleteAsync(DeleteRequest request, S3Call call, CancellationToken ct)
    {
        try
        {
            return await services.Store.DeleteAsync(call.Bucket, request, ct);
        }
        catch (ObjectException ex) when (IsOfMissing(ex, request))
        {
            await CheckMissingAsync(services, call.Bucket, request, ct);
            return default;
        }
    }
}
