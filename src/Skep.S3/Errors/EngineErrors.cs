using Skep.Core.Identity;
using Skep.Objects;
using Skep.S3.Requests;

namespace Skep.S3.Errors;

/// <summary>What clients are told of failures below the dialect: the one place that knows both sides.</summary>
internal static class EngineErrors
{
    /// <summary>An engine's failure as S3 names it.</summary>
    public static S3Exception Of(ObjectException failure, S3Target target) => failure.Error switch
    {
        ObjectError.NoSuchBucket => S3Errors.NoSuchBucket(target.Bucket),
        ObjectError.BucketExists => S3Errors.BucketAlreadyExists(target.Bucket),
        ObjectError.BucketNotEmpty => new S3Exception("BucketNotEmpty", 409, "The bucket you tried to delete is not empty") { Details = [new("BucketName", target.Bucket)] },
        ObjectError.NoSuchKey => NoSuchKey(target.Key, failure.Marker),
        ObjectError.NoSuchVersion => S3Errors.Of("NoSuchVersion", 404, "The specified version does not exist."),
        ObjectError.IsDeleteMarker => new S3Exception("MethodNotAllowed", 405, "The specified method is not allowed against this resource.") { Headers = MarkerHeaders(failure.Marker) },
        ObjectError.NoSuchUpload => S3Errors.Of("NoSuchUpload", 404, "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."),
        ObjectError.InvalidPart => S3Errors.Of("InvalidPart", 400, $"One or more of the specified parts could not be found or does not match: {failure.Message}"),
        ObjectError.InvalidPartOrder => S3Errors.InvalidPartOrder(),
        ObjectError.PartTooSmall => S3Errors.Of("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size"),
        ObjectError.PreconditionFailed => S3Errors.PreconditionFailed(failure.Message),
        ObjectError.Locked => S3Errors.Of("AccessDenied", 403, "Access Denied because object protected by object lock."),
        ObjectError.QuotaExceeded => S3Errors.Of("QuotaExceeded", 403, failure.Message),
        ObjectError.BadDigest => S3Errors.BadDigest(failure.Checksum),
        ObjectError.IncompleteBody => S3Errors.IncompleteBody(),
        ObjectError.TooLarge => S3Errors.TooLarge(S3Body.BytesMax),
        ObjectError.InvalidArgument => S3Errors.Of("InvalidArgument", 400, failure.Message),
        ObjectError.WrongKey => S3Errors.Of("InvalidRequest", 400, "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object."),
        ObjectError.NoSpace => S3Errors.Of("InsufficientStorage", 507, "The storage has no room for this request. Reading and deleting go on."),
        ObjectError.Damaged => S3Errors.Of("InternalError", 500, "The object is damaged on its disk and cannot be returned"),
        ObjectError.NotSupported => S3Errors.Of("NotImplemented", 501, failure.Message),
        ObjectError.Unavailable => S3Errors.Of("ServiceUnavailable", 503, "The storage behind this endpoint does not answer at the moment. Please try again."),
        // Whose key the storage refuses is for the log.
        ObjectError.Refused => S3Errors.Of("ServiceUnavailable", 503, "The storage behind this endpoint cannot be used at the moment."),
        _ => S3Errors.Internal(),
    };

    /// <summary>A refused signature or a body that is not what was signed, as S3 names it.</summary>
    public static S3Exception Of(SigV4Exception failure) => failure.Failure switch
    {
        SigV4Failure.Missing => S3Errors.AccessDenied(),
        SigV4Failure.Incomplete => S3Errors.Of("AuthorizationHeaderMalformed", 400, failure.Message),
        SigV4Failure.IncompleteQuery => S3Errors.Of("AuthorizationQueryParametersError", 400, failure.Message),
        SigV4Failure.IncompleteForm or SigV4Failure.InvalidPayloadHash => S3Errors.Of("InvalidArgument", 400, failure.Message),
        SigV4Failure.UnsupportedAlgorithm => S3Errors.InvalidRequest($"The authorization mechanism you have provided is not supported. {failure.Message}"),
        SigV4Failure.MissingDate or SigV4Failure.HeadersNotSigned or SigV4Failure.RequestExpired or SigV4Failure.PolicyConditionFailed => S3Errors.Of("AccessDenied", 403, failure.Message),
        SigV4Failure.UnknownKey => S3Errors.Of("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
        SigV4Failure.Mismatch => S3Errors.Of("SignatureDoesNotMatch", 403, failure.Message),
        SigV4Failure.RequestTimeSkewed => S3Errors.Of("RequestTimeTooSkewed", 403, failure.Message),
        SigV4Failure.SessionExpired => S3Errors.Of("ExpiredToken", 400, "The provided token has expired."),
        SigV4Failure.InvalidToken => S3Errors.Of("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
        SigV4Failure.MissingPayloadHash or SigV4Failure.MalformedChunk => S3Errors.InvalidRequest(failure.Message),
        SigV4Failure.MissingLength => S3Errors.MissingContentLength(),
        SigV4Failure.PayloadHashMismatch => S3Errors.Of("XAmzContentSHA256Mismatch", 400, failure.Message),
        SigV4Failure.IncompleteBody => S3Errors.IncompleteBody(),
        SigV4Failure.EntityTooLarge => S3Errors.TooLarge(S3Body.BytesMax),
        SigV4Failure.EntityTooSmall => S3Errors.Of("EntityTooSmall", 400, failure.Message),
        SigV4Failure.MalformedTrailer => S3Errors.Of("MalformedTrailerError", 400, failure.Message),
        SigV4Failure.InvalidPolicyDocument => S3Errors.Of("InvalidPolicyDocument", 400, failure.Message),
        _ => S3Errors.AccessDenied(),
    };

    /// <summary>A key that has no current version.</summary>
    public static S3Exception NoSuchKey(string key, ObjectVersion? marker) =>
        new("NoSuchKey", 404, "The specified key does not exist.") { Details = [new("Key", key)], Headers = MarkerHeaders(marker) };

    private static KeyValuePair<string, string>[] MarkerHeaders(ObjectVersion? marker) =>
        marker is null ? [] : [new("x-amz-delete-marker", "true"), new("x-amz-version-id", marker.VersionId)];
}
