using Skep.Objects;
using Skep.S3.Requests;

namespace Skep.S3.Errors;

/// <summary>
/// The errors that clients see, each spelled once: code, status and text are those of the API reference's list of error
/// responses where AWS publishes them.
/// </summary>
internal static class S3Errors
{
    public static S3Exception AccessDenied(string? why = null) => new("AccessDenied", 403, why is null ? "Access Denied" : $"Access Denied: {why}");

    public static S3Exception NoSuchBucket(string bucket) => new("NoSuchBucket", 404, "The specified bucket does not exist") { Details = [new("BucketName", bucket)] };

    public static S3Exception BucketAlreadyExists(string bucket) =>
        new("BucketAlreadyExists", 409, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.") { Details = [new("BucketName", bucket)] };

    public static S3Exception InvalidBucketName(string bucket) => new("InvalidBucketName", 400, "The specified bucket is not valid.") { Details = [new("BucketName", bucket)] };

    public static S3Exception MethodNotAllowed(string method) =>
        new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.") { Details = [new("Method", method)] };

    public static S3Exception NotImplemented(string operation) => new("NotImplemented", 501, $"{operation} is not implemented by this endpoint") { Details = [new("Operation", operation)] };

    public static S3Exception NotImplementedHeader(string header) =>
        new("NotImplemented", 501, "A header you provided implies functionality that is not implemented") { Details = [new("Header", header)] };

    public static S3Exception InvalidArgument(string name, string value, string message) =>
        new("InvalidArgument", 400, message) { Details = [new("ArgumentName", name), new("ArgumentValue", Shorten(value))] };

    public static S3Exception InvalidRequest(string message) => new("InvalidRequest", 400, message);

    public static S3Exception InvalidTag(string message) => new("InvalidTag", 400, message);

    public static S3Exception InvalidTag(string message, string name, string value) => new("InvalidTag", 400, message) { Details = [new(name, Shorten(value))] };

    public static S3Exception InvalidUri(string uri) => new("InvalidURI", 400, "Couldn't parse the specified URI.") { Details = [new("URI", Shorten(uri))] };

    public static S3Exception InvalidRange(string range, long length) =>
        new("InvalidRange", 416, "The requested range is not satisfiable")
        {
            Details = [new("RangeRequested", Shorten(range)), new("ActualObjectSize", length.ToString())],
            Headers = [new("Content-Range", $"bytes */{length}")],
        };

    public static S3Exception InvalidPartNumber(int number, int parts) =>
        new("InvalidPart", 400, "The requested partnumber is not satisfiable") { Details = [new("PartNumberRequested", number.ToString()), new("ActualPartCount", parts.ToString())] };

    public static S3Exception InvalidPartOrder() => new("InvalidPartOrder", 400, "The list of parts was not in ascending order. Parts must be ordered by part number.");

    public static S3Exception MalformedXml(string? why = null) =>
        new("MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema" + (why is null ? "" : $" ({why})"));

    public static S3Exception MalformedPolicy(string message) => new("MalformedPolicy", 400, message);

    public static S3Exception MalformedAcl() => new("MalformedACLError", 400, "The XML you provided was not well-formed or did not validate against our published schema");

    public static S3Exception TooLarge(long max) =>
        new("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size") { Details = [new("MaxSizeAllowed", max.ToString())] };

    public static S3Exception MaxMessageLengthExceeded(int max) =>
        new("MaxMessageLengthExceeded", 400, "Your request was too big.") { Details = [new("MaxMessageLengthBytes", max.ToString())] };

    public static S3Exception MetadataTooLarge(int size, int max) =>
        new("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size") { Details = [new("Size", size.ToString()), new("MaxSizeAllowed", max.ToString())] };

    public static S3Exception KeyTooLong(int size, int max) =>
        new("KeyTooLongError", 400, "Your key is too long") { Details = [new("Size", size.ToString()), new("MaxSizeAllowed", max.ToString())] };

    public static S3Exception MissingContentLength() => new("MissingContentLength", 411, "You must provide the Content-Length HTTP header.");

    public static S3Exception IncompleteBody() => new("IncompleteBody", 400, "You did not provide the number of bytes specified by the Content-Length HTTP header");

    /// <summary>The rest of the body is not waited for, so that the connection is of no more use.</summary>
    public static S3Exception RequestTimeout() =>
        new("RequestTimeout", 400, "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.") { Headers = [new("Connection", "close")] };

    public static S3Exception InvalidLocationConstraint(string region) =>
        new("InvalidLocationConstraint", 400, "The specified location-constraint is not valid") { Details = [new("LocationConstraint", Shorten(region))] };

    public static S3Exception MissingRequestBody() => new("MissingRequestBodyError", 400, "Request Body is empty");

    public static S3Exception InvalidDigest(string digest) => new("InvalidDigest", 400, "The Content-MD5 you specified was invalid.") { Details = [new("Content-MD5", Shorten(digest))] };

    /// <summary>A body is not what its checksum says, or its MD5 where that is null.</summary>
    public static S3Exception BadDigest(ChecksumAlgorithm? checksum) => new(
        "BadDigest", 400, checksum is { } algorithm
            ? $"The {ChecksumHeaders.NameOf(algorithm)} you specified did not match the calculated checksum."
            : "The Content-MD5 you specified did not match what we received.");

    public static S3Exception PreconditionFailed(string condition) =>
        new("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold") { Details = [new("Condition", condition)] };

    /// <summary>A settings document that a bucket does not have: NoSuchBucketPolicy, NoSuchCORSConfiguration …</summary>
    public static S3Exception NoSuchDocument(string code, string message, string bucket) => new(code, 404, message) { Details = [new("BucketName", bucket)] };

    public static S3Exception InvalidBucketState(string message) => new("InvalidBucketState", 409, message);

    public static S3Exception IllegalVersioning() => new("IllegalVersioningConfigurationException", 400, "The Versioning element must be specified");

    public static S3Exception Of(string code, int status, string message) => new(code, status, message);

    public static S3Exception Internal() => new("InternalError", 500, "We encountered an internal error. Please try again.");

    private static string Shorten(string text) => text.Length <= 1_024 ? text : text[..1_024];
}
