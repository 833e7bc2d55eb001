using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.S3.Access;

/// <summary>
/// Accounts as S3 shows them: an owner is the account's canonical user id, 64 hexadecimal digits that follow from the
/// account's number. Thread-safe.
/// </summary>
internal sealed class S3Accounts(ResourceClient resources)
{
    /// <summary>What follows an account's name in its e-mail address.</summary>
    public const string EmailSuffix = "@skep.internal";

    /// <summary>The canonical user id of an account.</summary>
    public static string CanonicalId(string accountId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"skep canonical user of account {accountId}")));

    /// <summary>An account's owner element; an account that is gone keeps its number for a name.</summary>
    public S3Owner OwnerOf(string accountId) => new(accountId, CanonicalId(accountId), NameOf(accountId) ?? accountId);

    /// <summary>The account of a canonical user id, or null.</summary>
    public string? FindAccount(string canonicalId) =>
        resources.View.List(CoreKinds.Account, ns: null).Select(a => a.Spec.AccountId).FirstOrDefault(id => CanonicalId(id) == canonicalId);

    /// <summary>The account of an e-mail address, NAME@skep.internal with the account's name, or null.</summary>
    public string? FindByEmail(string email) =>
        email.EndsWith(EmailSuffix, StringComparison.OrdinalIgnoreCase)
            ? resources.View.List(CoreKinds.Account, ns: null).FirstOrDefault(a => a.Spec.Namespace.Equals(email[..^EmailSuffix.Length], StringComparison.OrdinalIgnoreCase))?.Spec.AccountId
            : null;

    private string? NameOf(string accountId) =>
        resources.View.List(CoreKinds.Account, ns: null).FirstOrDefault(a => a.Spec.AccountId == accountId)?.Spec.Namespace;
}

/// <summary>An owner: the account, its canonical user id, and the name shown.</summary>
internal sealed record S3Owner(string AccountId, string Id, string DisplayName);
