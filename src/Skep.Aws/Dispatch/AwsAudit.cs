namespace Skep.Aws.Dispatch;

/// <summary>
/// What the dialect leaves in <c>HttpContext.Items</c> for the gateway's audit log. Values are strings, except for the
/// resources, a list of ids.
/// </summary>
public static class AwsAudit
{
    /// <summary>"ec2:RunInstances".</summary>
    public const string Action = "aws:Action";

    /// <summary>Ids of the resources that the request names or made: IReadOnlyList of string.</summary>
    public const string Resources = "aws:Resources";

    /// <summary>The request's id.</summary>
    public const string RequestId = "aws:RequestId";

    /// <summary>The caller's ARN.</summary>
    public const string Principal = "aws:Principal";

    /// <summary>The region of the signature's scope.</summary>
    public const string Region = "aws:Region";

    /// <summary>The error's code; absent on success.</summary>
    public const string ErrorCode = "aws:ErrorCode";
}
