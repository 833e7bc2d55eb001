using System.Security.Cryptography;
using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Identity;

/// <summary>Finds who a credential belongs to. Reads the view only; thread-safe.</summary>
public sealed class IdentityDirectory(ResourceClient resources)
{
    /// <summary>Hex digits of a token's hash that name its resource.</summary>
    private const int TokenNameLength = 40;

    /// <summary>The key of an access key's resource.</summary>
    public static ResourceKey KeyOfAccessKey(string accessKeyId) => CoreKinds.AccessKey.Key("", accessKeyId.ToLowerInvariant());

    /// <summary>The SHA-256 of a secret, lower-case hex, as tokens are stored.</summary>
    public static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>The key of a bearer token's resource.</summary>
    public static ResourceKey KeyOfToken(string token) => CoreKinds.Token.Key("", HashOf(token)[..TokenNameLength]);

    /// <summary>An access key and its owner; null when unknown, inactive or without its user. Expiry is the caller's to judge.</summary>
    public (AccessKeySpec Key, Principal Principal)? FindAccessKey(string accessKeyId)
    {
        if (resources.View.Get(KeyOfAccessKey(accessKeyId))?.View(CoreKinds.AccessKey).Spec is not { State: "Active" } key
            || key.AccessKeyId != accessKeyId
            || FindUser(key.Namespace, key.UserName) is not { } principal)
            return null;
        return (key, principal);
    }

    /// <summary>The owner of a bearer token that has not expired, or null.</summary>
    public Principal? FindToken(string token)
    {
        var hash = HashOf(token);
        if (resources.View.Get(CoreKinds.Token.Key("", hash[..TokenNameLength]))?.View(CoreKinds.Token).Spec is not { } spec
            || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(spec.TokenSha256))
            || spec.Expires <= resources.Time.GetUtcNow())
            return null;
        return FindUser(spec.Namespace, spec.UserName);
    }

    /// <summary>A user as a principal, or null.</summary>
    public Principal? FindUser(string ns, string name)
    {
        if (resources.View.Get(CoreKinds.User, ns, name) is not { } user || FindAccount(ns) is not { } account)
            return null;
        return new Principal(name, account.AccountId, ns, user.Spec.Arn, user.Spec.UserId, user.Spec.Groups ?? []);
    }

    /// <summary>The account of a namespace, or null.</summary>
    public AccountSpec? FindAccount(string ns) =>
        resources.View.List(CoreKinds.Account, ns: null).FirstOrDefault(a => a.Spec.Namespace == ns)?.Spec;
}
