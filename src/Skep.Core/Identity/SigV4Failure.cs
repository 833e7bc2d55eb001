namespace Skep.Core.Identity;

/// <summary>
/// Why a signed request was refused; each service has its own error code for these. S3's code and HTTP status, from its
/// list of error responses, stand behind each.
/// </summary>
public enum SigV4Failure
{
    /// <summary>The request is not signed. S3: AccessDenied 403.</summary>
    Missing,

    /// <summary>The Authorization header's parts are missing or malformed. S3: AuthorizationHeaderMalformed 400.</summary>
    Incomplete,

    /// <summary>The query's X-Amz-… parameters are missing or malformed. S3: AuthorizationQueryParametersError 400.</summary>
    IncompleteQuery,

    /// <summary>A form's x-amz-… fields are missing or malformed. S3: InvalidArgument 400.</summary>
    IncompleteForm,

    /// <summary>A scheme that the service does not take: SigV4A (ECDSA), and but for S3 SigV2. S3: InvalidRequest 400.</summary>
    UnsupportedAlgorithm,

    /// <summary>There is no usable X-Amz-Date or Date. S3: AccessDenied 403.</summary>
    MissingDate,

    /// <summary>The access key is unknown or inactive. S3: InvalidAccessKeyId 403.</summary>
    UnknownKey,

    /// <summary>The signature is not the one calculated here. S3: SignatureDoesNotMatch 403.</summary>
    Mismatch,

    /// <summary>S3 only: the request has x-amz-… headers that the signature does not cover. S3: AccessDenied 403.</summary>
    HeadersNotSigned,

    /// <summary>The request's time is too far from now. S3: RequestTimeTooSkewed 403.</summary>
    RequestTimeSkewed,

    /// <summary>A presigned request or a form is past its end. S3: AccessDenied 403.</summary>
    RequestExpired,

    /// <summary>The session's credentials have ended. S3: ExpiredToken 400.</summary>
    SessionExpired,

    /// <summary>The session token is missing, wrong or not signed. S3: InvalidToken 400.</summary>
    InvalidToken,

    /// <summary>x-amz-content-sha256 is missing where it must be. S3: InvalidRequest 400.</summary>
    MissingPayloadHash,

    /// <summary>x-amz-content-sha256 is neither a hash nor a known word. S3: InvalidArgument 400.</summary>
    InvalidPayloadHash,

    /// <summary>A streamed body without a usable x-amz-decoded-content-length. S3: MissingContentLength 411.</summary>
    MissingLength,

    /// <summary>The body is not the one whose hash was signed. S3: XAmzContentSHA256Mismatch 400.</summary>
    PayloadHashMismatch,

    /// <summary>The body ends early, or is longer than it was announced. S3: IncompleteBody 400.</summary>
    IncompleteBody,

    /// <summary>The body is larger than it may be. S3: EntityTooLarge 400.</summary>
    EntityTooLarge,

    /// <summary>A form's file is smaller than its policy wants. S3: EntityTooSmall 400.</summary>
    EntityTooSmall,

    /// <summary>The aws-chunked framing is broken. S3: InvalidRequest 400.</summary>
    MalformedChunk,

    /// <summary>The trailers are malformed, too large, or not those that x-amz-trailer announced. S3: MalformedTrailerError 400.</summary>
    MalformedTrailer,

    /// <summary>A form's policy is no policy document. S3: InvalidPolicyDocument 400.</summary>
    InvalidPolicyDocument,

    /// <summary>A form breaks a condition of its policy. S3: AccessDenied 403.</summary>
    PolicyConditionFailed,
}
