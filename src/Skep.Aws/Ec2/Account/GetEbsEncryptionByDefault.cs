using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;

namespace Skep.Aws.Ec2;

/// <summary>Says whether new volumes are encrypted unless asked otherwise.</summary>
internal sealed class GetEbsEncryptionByDefault : AwsOperation<GetEbsEncryptionByDefaultRequest, GetEbsEncryptionByDefaultResult>
{
    /// <inheritdoc/>
    protected override ValueTask<GetEbsEncryptionByDefaultResult> HandleAsync(GetEbsEncryptionByDefaultRequest request, AwsCall call, CancellationToken ct) =>
        new(new GetEbsEncryptionByDefaultResult { EbsEncryptionByDefault = EbsEncryptionChoice.IsByDefault(call) });
}
