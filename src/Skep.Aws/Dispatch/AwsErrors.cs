using Skep.Aws.Protocol;
using Skep.Core.Identity;
using Skep.Core.Resources;

namespace Skep.Aws.Dispatch;

/// <summary>Errors that every service can give.</summary>
internal static class AwsErrors
{
    public static AwsException MissingAction() => new("MissingAction", 400, "The request must contain the parameter Action");

    public static AwsException InvalidAction(string action, string version) =>
        new("InvalidAction", 400, $"The action {Shorten(action)} is not valid for this web service (version {Shorten(version)}).");

    public static AwsException NotServed(string service, string action) =>
        new("UnsupportedOperation", 400, $"Skep does not serve {service}:{action} yet. docs/aws-operations.md lists what it serves.");

    public static AwsException ServiceNotServed(string service) =>
        new("UnsupportedOperation", 400, $"Skep does not serve the service '{Shorten(service)}'.");

    public static AwsException TooLarge(int bytesMax) => new("RequestEntityTooLarge", 413, $"The request's body is larger than {bytesMax} bytes.");

    public static AwsException BadMethod(string method) => new("InvalidRequest", 405, $"The method {Shorten(method)} is not allowed; use POST or GET.");

    public static AwsException DryRun() => new("DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set.");

    public static AwsException Denied(ServiceModel service, Principal principal, string action) =>
        service.Protocol is WireProtocol.Ec2
            ? new("UnauthorizedOperation", 403, $"You are not authorized to perform this operation. User: {principal.Arn} is not authorized to perform: {action}")
            : new("AccessDenied", 403, $"User: {principal.Arn} is not authorized to perform: {action}");

    public static AwsException Internal() => new("InternalError", 500, "An internal error has occurred. The server's log has the details under the request's id.");

    public static AwsException Busy() => new("Unavailable", 503, "Others keep changing what this request needs; try again.");

    /// <summary>A signature that was refused, in the words of the service: EC2 has its own.</summary>
    public static AwsException Of(SigV4Exception failure, bool isEc2) => failure.Failure switch
    {
        SigV4Failure.Missing => new("MissingAuthenticationToken", 403, failure.Message),
        SigV4Failure.Incomplete or SigV4Failure.IncompleteQuery or SigV4Failure.MissingDate or SigV4Failure.UnsupportedAlgorithm => new("IncompleteSignature", 400, failure.Message),
        SigV4Failure.UnknownKey or SigV4Failure.InvalidToken when isEc2 =>
            new("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
        SigV4Failure.UnknownKey or SigV4Failure.InvalidToken => new("InvalidClientTokenId", 403, failure.Message),
        SigV4Failure.Mismatch when isEc2 =>
            new("AuthFailure", 401, $"AWS was not able to validate the provided access credentials: {failure.Message}"),
        SigV4Failure.Mismatch => new("SignatureDoesNotMatch", 403, failure.Message),
        SigV4Failure.RequestExpired or SigV4Failure.RequestTimeSkewed => new("RequestExpired", 400, failure.Message),
        SigV4Failure.SessionExpired when isEc2 => new("RequestExpired", 400, failure.Message),
        _ => new("ExpiredToken", 403, failure.Message),
    };

    /// <summary>A failure of the resource model that no handler expected to be able to name better.</summary>
    public static AwsException Of(ResourceException failure) => failure.Reason switch
    {
        ResourceError.Invalid or ResourceError.BadRequest => new("InvalidParameterValue", 400, failure.Message),
        ResourceError.Forbidden => new("OperationNotPermitted", 400, failure.Message),
        ResourceError.Unavailable => new("Unavailable", 503, failure.Message),
        _ => Busy(),
    };

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
