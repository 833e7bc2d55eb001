using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;

namespace Skep.Aws.Ec2;

/// <summary>New volumes are encrypted only when asked for, or made of what is; those that exist stay as they are.</summary>
internal sealed class DisableEbsEncryptionByDefault : AwsOperation<DisableEbsEncryptionByDefaultRequest, DisableEbsEncryptionByDefaultResult>
{
    /// <inheritdoc/>
    protected override ValueTask<DisableEbsEncryptionByDefaultResult> HandleAsync(DisableEbsEncryptionByDefaultRequest request, AwsCall call, CancellationToken ct)
    {
        EbsEncryptionChoice.Set(call, byDefault: false);
        return new(new DisableEbsEncryptionByDefaultResult { EbsEncryptionByDefault = false });
    }
}
