using Skep.Aws.Dispatch;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2.Instances;

/// <summary>User data is kept in a secret, since people put passwords in it.</summary>
internal static class UserDataSecret
{
    /// <summary>The key of the raw bytes in the secret.</summary>
    public const string DataKey = "user-data";

    /// <summary>The secret's name.</summary>
    public static string NameOf(string instanceId) => $"{instanceId}-user-data";

    /// <summary>Adds the secret of an instance, which owns it.</summary>
    public static void Create(AwsCall call, ResourceKey instance, byte[] data)
    {
        var secret = new Secret
        {
            Metadata = call.NewMetadata(NameOf(instance.Name)),
            Data = new(StringComparer.Ordinal) { [DataKey] = data },
        };
        secret.Metadata.OwnerReferences = [Ownership.By(call, ComputeKinds.Instance, instance)];
        call.Transaction.Create(CoreKinds.Secret, secret);
    }
}
