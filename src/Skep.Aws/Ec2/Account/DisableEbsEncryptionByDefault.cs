using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;

namespace Skep.Aws.Ec2;

/// <summary>Leaves new volumes as they are: not encrypted unless asked for.</summary>
internal sealed class DisableEbsEncryptionByDefault : AwsOperation<DisableEbsEncryptionByDefaultRequest, DisableEbsEncryptionByDefaultResult>
{
    /// <inheritdoc/>
    protected override ValueTask<DisableEbsEncryptionByDefaultResult> HandleAsync(DisableEbsEncryptionByDefaultRequest request, AwsCall call, CancellationToken ct) =>
        new(new DisableEbsEncryptionByDefaultResult { EbsEncryptionByDefault = false });
}
