using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.S3.Access;
using Skep.S3.Errors;
using Skep.Storage.Kinds;

namespace Skep.S3.Encryption;

/// <summary>
/// The KMS keys that SSE-KMS can name: what clients know as alias/aws/s3, which every account has, and the EncryptionKeys of
/// the account's namespace. Thread-safe.
/// </summary>
internal sealed class KmsKeys(ResourceClient resources, S3Accounts accounts, SkepOptions options)
{
    /// <summary>The alias of the key that AWS manages for S3.</summary>
    public const string Alias = "alias/aws/s3";

    private const string AliasPrefix = "alias/";
    private const string KeyPrefix = "key/";

    /// <summary>The ARN of the key of requests that name none.</summary>
    public string DefaultOf(string accountId) => $"{PrefixOf(accountId)}{KeyPrefix}{ManagedKey.IdOf(Alias, accountId, options.Region)}";

    /// <summary>The ARN of a key that can be used.</summary>
    /// <param name="name">Its id, its alias, or the ARN of either.</param>
    /// <param name="accountIds">The accounts whose keys may be named; a name that is no ARN means a key of the first.</param>
    /// <exception cref="S3Exception">There is no such key, or it is disabled.</exception>
    public string Require(string name, params ReadOnlySpan<string> accountIds)
    {
        foreach (var account in accountIds)
        {
            var prefix = PrefixOf(account);
            if (name.StartsWith("arn:", StringComparison.Ordinal) && !name.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            return Require(name, name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name, account);
        }

        throw NotFound(name);
    }

    /// <summary>Requires that a key that something was encrypted under can still be used.</summary>
    /// <exception cref="S3Exception">It is gone, or it is disabled.</exception>
    public void RequireUsable(string arn)
    {
        // arn:aws:kms:REGION:ACCOUNT:key/ID
        if (arn.Split(':', 6) is [_, _, _, _, var account, _])
            Require(arn, account);
        else
            throw NotFound(arn);
    }

    private string Require(string name, string local, string account)
    {
        var managed = ManagedKey.IdOf(Alias, account, options.Region);
        if (local == Alias || local == managed || local == KeyPrefix + managed)
            return DefaultOf(account);
        var id = local.StartsWith(AliasPrefix, StringComparison.Ordinal) ? local[AliasPrefix.Length..]
            : local.StartsWith(KeyPrefix, StringComparison.Ordinal) ? local[KeyPrefix.Length..]
            : local;
        if (!ResourceName.IsValid(id) || accounts.NameOf(account) is not { } ns || resources.View.Get(StorageKinds.EncryptionKey, ns, id) is not { } key)
            throw NotFound(name);
        var arn = $"{PrefixOf(account)}{KeyPrefix}{id}";
        return key.Spec.State == EncryptionKeyState.Enabled ? arn : throw S3Errors.Of("KMS.DisabledException", 400, $"{arn} is disabled.");
    }

    private string PrefixOf(string accountId) => $"arn:aws:kms:{options.Region}:{accountId}:";

    private static S3Exception NotFound(string name) => S3Errors.Of("KMS.NotFoundException", 400, $"Key '{(name.Length <= 256 ? name : name[..256])}' does not exist");
}
