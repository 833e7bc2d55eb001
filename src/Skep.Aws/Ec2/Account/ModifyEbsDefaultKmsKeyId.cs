using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;

namespace Skep.Aws.Ec2;

/// <summary>Chooses the key for volumes that name none. There is one, so any other is refused and choosing it changes nothing.</summary>
internal sealed class ModifyEbsDefaultKmsKeyId : AwsOperation<ModifyEbsDefaultKmsKeyIdRequest, ModifyEbsDefaultKmsKeyIdResult>
{
    /// <inheritdoc/>
    protected override ValueTask<ModifyEbsDefaultKmsKeyIdResult> HandleAsync(ModifyEbsDefaultKmsKeyIdRequest request, AwsCall call, CancellationToken ct) =>
        new(new ModifyEbsDefaultKmsKeyIdResult { KmsKeyId = EbsKey.Require(call, request.KmsKeyId) });
}
