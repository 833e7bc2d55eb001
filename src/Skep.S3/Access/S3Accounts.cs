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
    /// <summary>An account's owner element; an account that is gone keeps its number for a name.</summary>
    public S3Owner OwnerOf(string accountId) => new(accountId, CanonicalUserId.Of(accountId), NameOf(accountId) ?? accountId);

    /// <summary>The account of a canonical user id, or null.</summary>
    public string? FindAccount(string canonicalId) =>
        resources.View.List(CoreKinds.Account, ns: null).Select(a => a.Spec.AccountId).FirstOrDefault(id => CanonicalUserId.Of(id) == canonicalId);

    /// <summary>The account of an e-mail address, NAME@skep.internal with the account's name, or null.</summary>
    public string? FindByEmail(string email) =>
        email.EndsWith(CanonicalUserId.EmailSuffix, StringComparison.OrdinalIgnoreCase)
            ? resources.View.List(CoreKinds.Account, ns: null).FirstOrDefault(a => a.Spec.Namespace.Equals(email[..^CanonicalUserId.EmailSuffix.Length], StringComparison.OrdinalIgnoreCase))?.Spec.AccountId
            : null;

    /// <summary>The name of an account: that of its namespace; null when the account is gone.</summary>
    public string? NameOf(string accountId) =>
        resources.View.List(CoreKinds.Account, ns: null).FirstOrDefault(a => a.Spec.AccountId == accountId)?.Spec.Namespace;
}

/// <summary>An owner: the account, its canonical user id, and the name shown.</summary>
internal sealed record S3Owner(string AccountId, string Id, string DisplayName);
