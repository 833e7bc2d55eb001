using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Access;

/// <summary>Decides what a caller may do: the one place that operations ask.</summary>
internal sealed class S3Authorization
{
    /// <summary>Requires that the caller may do something on the bucket or object that the request addresses.</summary>
    /// <exception cref="S3Exception">AccessDenied.</exception>
    public ValueTask RequireAsync(S3Call call, string action, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        call.Record.Resource = call.Target.Resource;
        if (call.Caller.IsAnonymous)
            throw S3Errors.AccessDenied();
        if (call.Target.Level is not S3Level.Service && action != "s3:CreateBucket" && call.BucketInfo.Owner != call.Caller.AccountId)
            throw S3Errors.AccessDenied();
        return ValueTask.CompletedTask;
    }
}
