using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;

namespace Skep.Aws.Ec2;

/// <summary>From now on the account's new volumes in this region are encrypted, whether asked for or not.</summary>
internal sealed class EnableEbsEncryptionByDefault : AwsOperation<EnableEbsEncryptionByDefaultRequest, EnableEbsEncryptionByDefaultResult>
{
    /// <inheritdoc/>
    protected override ValueTask<EnableEbsEncryptionByDefaultResult> HandleAsync(EnableEbsEncryptionByDefaultRequest request, AwsCall call, CancellationToken ct)
    {
        EbsEncryptionChoice.Set(call, byDefault: true);
        return new(new EnableEbsEncryptionByDefaultResult { EbsEncryptionByDefault = true });
    }
}
