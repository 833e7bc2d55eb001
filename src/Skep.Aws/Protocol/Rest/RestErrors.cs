namespace Skep.Aws.Protocol.Rest;

/// <summary>
/// What every service can say, in the codes of the JSON protocols ("Common errors" of their references); the form-encoded
/// services have other names for the same.
/// </summary>
internal static class RestErrors
{
    /// <summary>No operation has this method and path.</summary>
    public static AwsException UnknownOperation(string method, string path) =>
        new("UnknownOperationException", 404, $"No operation of this service is a {method} of {(path.Length <= 100 ? path : path[..100] + "…")}.");

    /// <summary>A failure in the words of the JSON protocols.</summary>
    public static AwsException Translate(AwsException error)
    {
        var (code, status, reason) = error.Code switch
        {
            "AccessDenied" or "UnauthorizedOperation" => ("AccessDeniedException", 403, "UNAUTHORIZED_ACCOUNT"),
            "MissingAuthenticationToken" => ("MissingAuthenticationTokenException", 403, null),
            "IncompleteSignature" => ("IncompleteSignatureException", 400, null),
            "InvalidClientTokenId" => ("UnrecognizedClientException", 403, null),
            "SignatureDoesNotMatch" => ("InvalidSignatureException", 403, null),
            "RequestExpired" or "ExpiredToken" => ("ExpiredTokenException", 403, null),
            "IdempotentParameterMismatch" => ("ConflictException", 409, null),
            "InternalError" => ("InternalServerException", 500, null),
            "Unavailable" => ("ServiceUnavailableException", 503, null),
            "TagLimitExceeded" => ("ValidationException", 400, "INVALID_TAG"),
            "ValidationException" => ("ValidationException", 400, error.Reason ?? "INVALID_PARAMETER_VALUE"),
            "InvalidParameterValue" or "InvalidParameterCombination" or "UnsupportedOperation" => ("ValidationException", 400, "INVALID_PARAMETER_VALUE"),
            "InvalidSnapshot.NotFound" => ("ResourceNotFoundException", 404, "SNAPSHOT_NOT_FOUND"),
            "SnapshotLimitExceeded" => ("ServiceQuotaExceededException", 402, "DEPENDENCY_SERVICE_QUOTA_EXCEEDED"),
            _ => (error.Code, error.Status, error.Reason),
        };
        return new AwsException(code, status, error.Message) { Reason = reason };
    }
}
