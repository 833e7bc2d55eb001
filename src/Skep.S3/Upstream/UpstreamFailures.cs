using System.Net;
using Skep.Core.S3Client;
using Skep.Objects;
using Skep.Objects.Rules;

namespace Skep.S3.Upstream;

/// <summary>What the server's failures are on this side: the one place that knows both.</summary>
internal static class UpstreamFailures
{
    /// <summary>The failure of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="failure">What the server says.</param>
    /// <param name="markerId">The delete marker that it names; null for none.</param>
    /// <param name="now">The time, for the marker.</param>
    public static ObjectException Of(UpstreamRequest request, S3Failure failure, string? markerId, DateTimeOffset now)
    {
        var marker = markerId is null ? null : new ObjectVersion { Key = request.About.Key, VersionId = markerId, LastModified = now, IsDeleteMarker = true, IsLatest = request.About.VersionId is null };
        var isObject = request.About.Key.Length > 0;
        return (ErrorOf(failure), failure.Code) switch
        {
            (ObjectError.NoSuchUpload, _) => request.Upload is { } upload ? Missing.Upload(upload) : Plain(ObjectError.NoSuchUpload),
            (ObjectError.NoSuchKey, _) when !isObject => Plain(ObjectError.NoSuchBucket),
            (ObjectError.NoSuchKey or ObjectError.NoSuchVersion or ObjectError.IsDeleteMarker, _) when isObject => Missing.Error(request.About, marker),
            // To a HEAD no server says more than the number.
            (ObjectError.InvalidArgument, "") when isObject && request.About.VersionId is not null => Missing.Error(request.About, marker: null),
            (ObjectError.NotSupported, _) when marker is not null => Missing.Error(request.About, marker),
            (ObjectError.Refused, "AccessDenied") when request.DeniedMeansLocked => new ObjectException(ObjectError.Locked, $"{request.About} is protected by object lock"),
            (var error, _) => Plain(error),
        };
        ObjectException Plain(ObjectError error) => new(error, $"{request}: the server behind answers {failure.Text}");
    }

    private static ObjectError ErrorOf(S3Failure failure) => failure.Code switch
    {
        "NoSuchBucket" => ObjectError.NoSuchBucket,
        "BucketAlreadyExists" or "BucketAlreadyOwnedByYou" => ObjectError.BucketExists,
        "BucketNotEmpty" => ObjectError.BucketNotEmpty,
        "NoSuchKey" => ObjectError.NoSuchKey,
        "NoSuchVersion" => ObjectError.NoSuchVersion,
        "NoSuchUpload" => ObjectError.NoSuchUpload,
        "InvalidPart" => ObjectError.InvalidPart,
        "InvalidPartOrder" => ObjectError.InvalidPartOrder,
        "EntityTooSmall" => ObjectError.PartTooSmall,
        "EntityTooLarge" => ObjectError.TooLarge,
        "PreconditionFailed" => ObjectError.PreconditionFailed,
        "QuotaExceeded" => ObjectError.QuotaExceeded,
        "XMinioStorageFull" or "InsufficientStorage" => ObjectError.NoSpace,
        "BadDigest" => ObjectError.BadDigest,
        // Glacier and the like: the bytes are not there without a restoration.
        "InvalidObjectState" => ObjectError.NotSupported,
        "NotImplemented" or "MethodNotAllowed" => ObjectError.NotSupported,
        // Signatures and credentials, whatever status they come with. The mismatch is what servers say that take the name of
        // a form of body which they do not know (chunks with trailers) for a hash.
        "AuthorizationHeaderMalformed" or "ExpiredToken" or "InvalidToken" or "RequestTimeTooSkewed" or "XAmzContentSHA256Mismatch" => ObjectError.Refused,
        "SlowDown" or "ServiceUnavailable" or "InternalError" or "RequestTimeout" or "ThrottlingException" or "Throttling" or "IncompleteBody" => ObjectError.Unavailable,
        // Another write of the same key is under way.
        "ConditionalRequestConflict" or "OperationAborted" => ObjectError.Unavailable,
        _ => OfStatus(failure),
    };

    private static ObjectError OfStatus(S3Failure failure) => failure.Status switch
    {
        HttpStatusCode.NotFound => ObjectError.NoSuchKey,
        HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented => ObjectError.NotSupported,
        HttpStatusCode.PreconditionFailed => ObjectError.PreconditionFailed,
        HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests => ObjectError.Unavailable,
        HttpStatusCode.InsufficientStorage => ObjectError.NoSpace,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ObjectError.Refused,
        >= HttpStatusCode.InternalServerError => ObjectError.Unavailable,
        // The bucket is in another region, or the endpoint another service's.
        < HttpStatusCode.BadRequest => ObjectError.Refused,
        _ => ObjectError.InvalidArgument,
    };
}
