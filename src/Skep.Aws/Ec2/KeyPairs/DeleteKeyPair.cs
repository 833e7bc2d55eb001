using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.KeyPairs;
using Skep.Aws.Ec2.Model;
using Skep.Core.Store;

namespace Skep.Aws.Ec2;

/// <summary>Forgets a public key. One that does not exist is no error, as in EC2.</summary>
internal sealed class DeleteKeyPair : AwsOperation<DeleteKeyPairRequest, DeleteKeyPairResult>
{
    /// <inheritdoc/>
    protected override ValueTask<DeleteKeyPairResult> HandleAsync(DeleteKeyPairRequest request, AwsCall call, CancellationToken ct)
    {
        if (request.KeyName is null && request.KeyPairId is null)
            throw Ec2Errors.Missing("KeyName or KeyPairId");
        var key = request.KeyPairId is { } id ? call.Find(ComputeKinds.KeyPair, id) : KeyPairStore.FindByName(call, request.KeyName!);
        if (key is not null)
        {
            call.Subjects.Add(key.Metadata.Name);
            call.Transaction.Delete(ComputeKinds.KeyPair.Key(call.Namespace, key.Metadata.Name), DeleteOptions.Background);
        }

        return new(new DeleteKeyPairResult { Return = true, KeyPairId = key?.Metadata.Name });
    }
}
