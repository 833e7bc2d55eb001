using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.KeyPairs;
using Skep.Aws.Ec2.Model;
using Skep.Compute.KeyPairs;

namespace Skep.Aws.Ec2;

/// <summary>Makes a key pair; its private half is in the answer and nowhere else.</summary>
internal sealed class CreateKeyPair : AwsOperation<CreateKeyPairRequest, KeyPair>
{
    /// <inheritdoc/>
    protected override ValueTask<KeyPair> HandleAsync(CreateKeyPairRequest request, AwsCall call, CancellationToken ct)
    {
        var type = request.KeyType ?? "rsa";
        var pair = SshKeyPair.Create(type, request.KeyFormat ?? "pem", request.KeyName, call.Ids);
        var key = KeyPairStore.Add(call, request.KeyName, request.TagSpecifications, type, pair.PublicKey.ToLine(request.KeyName), pair.Fingerprint);
        return new(new KeyPair
        {
            KeyPairId = key.Metadata.Name,
            KeyName = key.Spec.KeyName,
            KeyFingerprint = key.Spec.Fingerprint,
            KeyMaterial = pair.PrivateKey,
            Tags = Tagging.ToWire(key.Spec.Tags),
        });
    }
}
