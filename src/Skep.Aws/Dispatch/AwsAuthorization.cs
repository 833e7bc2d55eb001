using Skep.Aws.Protocol;

namespace Skep.Aws.Dispatch;

/// <summary>The one place where AWS requests are authorized.</summary>
internal sealed class AwsAuthorization
{
    /// <summary>Requires that the caller may do an operation. Requests reach only the caller's own account.</summary>
    /// <exception cref="AwsException">UnauthorizedOperation or AccessDenied.</exception>
    public void Require(ServedOperation operation, Structure request, AwsCall call)
    {
        if (call.Principal.AccountId.Length == 0)
            throw AwsErrors.Denied(operation.Service, call.Principal, $"{operation.Service.Name}:{operation.Name}");
    }
}
