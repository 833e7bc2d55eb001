using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;

namespace Skep.Aws.Ec2;

/// <summary>Refused: an account that believes its new volumes to be encrypted must not find that they are not.</summary>
internal sealed class EnableEbsEncryptionByDefault : AwsOperation<EnableEbsEncryptionByDefaultRequest, EnableEbsEncryptionByDefaultResult>
{
    /// <inheritdoc/>
    protected override ValueTask<EnableEbsEncryptionByDefaultResult> HandleAsync(EnableEbsEncryptionByDefaultRequest request, AwsCall call, CancellationToken ct) =>
        throw Ec2Errors.Unsupported("encrypted volumes, so they cannot be the default");
}
