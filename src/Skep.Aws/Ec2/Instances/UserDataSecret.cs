using Skep.Aws.Dispatch;
using Skep.Core.Resources;
using Skep.Core.Store;

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

    /// <summary>Sets or changes the user data of an instance that exists; no bytes take it away.</summary>
    public static void Set(AwsCall call, InstanceResource instance, byte[] data)
    {
        var key = CoreKinds.Secret.Key(call.Namespace, NameOf(instance.Metadata.Name));
        var existing = call.Edit(CoreKinds.Secret, key.Name);
        instance.Spec.UserDataSecret = data.Length == 0 ? null : key.Name;
        if (existing is null && data.Length > 0)
        {
            Create(call, ComputeKinds.Instance.Key(call.Namespace, instance.Metadata.Name), data);
        }
        else if (existing is not null && data.Length == 0)
        {
            call.Transaction.Delete(key, DeleteOptions.Background);
        }
        else if (existing is not null)
        {
            existing.Data = new(StringComparer.Ordinal) { [DataKey] = data };
            call.Transaction.Update(CoreKinds.Secret, existing, WriteScope.All);
        }
    }
}
