using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;

namespace Skep.Aws.Ec2;

/// <summary>Goes back to the key that is there from the start, which nothing leads away from.</summary>
internal sealed class ResetEbsDefaultKmsKeyId : AwsOperation<ResetEbsDefaultKmsKeyIdRequest, ResetEbsDefaultKmsKeyIdResult>
{
    /// <inheritdoc/>
    protected override ValueTask<ResetEbsDefaultKmsKeyIdResult> HandleAsync(ResetEbsDefaultKmsKeyIdRequest request, AwsCall call, CancellationToken ct) =>
        new(new ResetEbsDefaultKmsKeyIdResult { KmsKeyId = EbsKey.Arn(call) });
}
