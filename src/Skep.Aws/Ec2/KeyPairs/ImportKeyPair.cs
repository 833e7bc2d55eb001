using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.KeyPairs;
using Skep.Aws.Ec2.Model;
using Skep.Compute.KeyPairs;

namespace Skep.Aws.Ec2;

/// <summary>Keeps the public half of a key pair that its owner made.</summary>
internal sealed class ImportKeyPair : AwsOperation<ImportKeyPairRequest, ImportKeyPairResult>
{
    /// <inheritdoc/>
    protected override ValueTask<ImportKeyPairResult> HandleAsync(ImportKeyPairRequest request, AwsCall call, CancellationToken ct)
    {
        var publicKey = Parse(request.PublicKeyMaterial);
        var key = KeyPairStore.Add(
            call, request.KeyName, request.TagSpecifications, publicKey.KeyType, publicKey.ToLine(request.KeyName), publicKey.ImportedFingerprint());
        return new(new ImportKeyPairResult
        {
            KeyPairId = key.Metadata.Name,
            KeyName = key.Spec.KeyName,
            KeyFingerprint = key.Spec.Fingerprint,
            Tags = Tagging.ToWire(key.Spec.Tags),
        });
    }

    private static SshPublicKey Parse(byte[] material)
    {
        try
        {
            return SshPublicKey.Parse(material);
        }
        catch (FormatException ex)
        {
            throw Ec2Errors.KeyFormat(ex.Message);
        }
    }
}
