using Skep.Aws.Dispatch;
using Skep.Aws.Sts.Model;

namespace Skep.Aws.Sts;

/// <summary>Says whose credentials signed the request.</summary>
internal sealed class GetCallerIdentity : AwsOperation<GetCallerIdentityRequest, GetCallerIdentityResponse>
{
    /// <inheritdoc/>
    protected override ValueTask<GetCallerIdentityResponse> HandleAsync(GetCallerIdentityRequest request, AwsCall call, CancellationToken ct) =>
        new(new GetCallerIdentityResponse
        {
            Account = call.AccountId,
            Arn = call.Principal.Arn,
            UserId = call.Principal.UserId,
        });
}
