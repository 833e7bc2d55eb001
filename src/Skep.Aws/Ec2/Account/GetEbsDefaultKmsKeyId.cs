using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;

namespace Skep.Aws.Ec2;

/// <summary>Says which key encrypts volumes for which none is named: there is one.</summary>
internal sealed class GetEbsDefaultKmsKeyId : AwsOperation<GetEbsDefaultKmsKeyIdRequest, GetEbsDefaultKmsKeyIdResult>
{
    /// <inheritdoc/>
    protected override ValueTask<GetEbsDefaultKmsKeyIdResult> HandleAsync(GetEbsDefaultKmsKeyIdRequest request, AwsCall call, CancellationToken ct) =>
        new(new GetEbsDefaultKmsKeyIdResult { KmsKeyId = EbsKey.Arn(call) });
}
