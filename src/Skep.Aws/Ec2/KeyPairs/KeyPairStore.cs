using System.Security.Cryptography;
using System.Text;
using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.KeyPairs;

/// <summary>Key pairs between requests and resources. A key pair's id follows from its name, so two cannot share one.</summary>
internal static class KeyPairStore
{
    private const int NameLengthMax = 255;

    /// <summary>Adds a new key pair to the call's transaction.</summary>
    /// <exception cref="AwsException">InvalidKeyPair.Duplicate, InvalidParameterValue.</exception>
    public static KeyPairResource Add(
        AwsCall call, string name, IReadOnlyList<TagSpecification>? tags, string keyType, string publicKey, string fingerprint)
    {
        if (name.Length is 0 or > NameLengthMax || name.Any(c => c is < ' ' or > '~') || name != name.Trim())
            throw Ec2Errors.InvalidValue("KeyName", name, $"names have 1 to {NameLengthMax} ASCII characters and no space at either end");
        var id = IdOf(call, name);
        if (call.Find(ComputeKinds.KeyPair, id) is not null)
            throw Ec2Errors.KeyPairDuplicate(name);
        call.Subjects.Add(id);
        var key = new KeyPairResource
        {
            Metadata = call.NewMetadata(id),
            Spec =
            {
                KeyName = name,
                KeyType = keyType,
                PublicKey = publicKey,
                Fingerprint = fingerprint,
                Tags = Tagging.ForType(tags, "key-pair", "key-pair"),
            },
        };
        call.Transaction.Create(ComputeKinds.KeyPair, key);
        return key;
    }

    /// <summary>A key pair by name, or null.</summary>
    public static KeyPairResource? FindByName(AwsCall call, string name) =>
        call.Find(ComputeKinds.KeyPair, IdOf(call, name))
        // Those made through the resource API have names of their makers' choosing.
        ?? call.List(ComputeKinds.KeyPair, after: null).FirstOrDefault(k => k.Spec.KeyName == name);

    private static string IdOf(AwsCall call, string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{call.AccountId}/{call.Region}/{name}"));
        return $"key-0{Convert.ToHexStringLower(hash)[..16]}";
    }
}
