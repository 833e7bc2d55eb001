using Skep.Core.Resources;

namespace Skep.Core.Identity.Policies;

/// <summary>One name in a Principal element.</summary>
/// <param name="Kind">The sort.</param>
/// <param name="Value">The account's 12 digits, or its name, for accounts; the text for others.</param>
internal sealed record PrincipalName(PrincipalNameKind Kind, string Value)
{
    /// <summary>
    /// The name that stands in an ARN where the account's 12 digits are else: a namespace, as Ceph Object Gateway has its
    /// tenants there. Null for digits.
    /// </summary>
    private string? AccountName { get; init; }

    /// <summary>Everybody.</summary>
    public static PrincipalName Everybody { get; } = new(PrincipalNameKind.Everybody, "*");

    /// <summary>Reads a name; null when it is none.</summary>
    /// <param name="type">AWS, Service, Federated or CanonicalUser.</param>
    /// <param name="text">The name.</param>
    public static PrincipalName? Parse(string type, string text) => type switch
    {
        "AWS" => ParseAws(text),
        _ when text.Length == 0 || text.Contains('*', StringComparison.Ordinal) => null,
        "Service" => new(PrincipalNameKind.Service, text),
        "Federated" => new(PrincipalNameKind.Federated, text),
        "CanonicalUser" => new(PrincipalNameKind.CanonicalUser, text),
        _ => null,
    };

    /// <summary>How somebody is named by this.</summary>
    public PrincipalMatch Match(PolicyPrincipal principal) => Kind switch
    {
        PrincipalNameKind.Everybody => PrincipalMatch.Everybody,
        PrincipalNameKind.Account when (AccountName is null ? principal.AccountId : principal.AccountName) != Value => PrincipalMatch.None,
        PrincipalNameKind.Account => principal.Kind is PolicyPrincipalKind.Root ? PrincipalMatch.Named : PrincipalMatch.Account,
        PrincipalNameKind.Service => principal.Kind is PolicyPrincipalKind.Service && principal.Arn == Value ? PrincipalMatch.Named : PrincipalMatch.None,
        PrincipalNameKind.Federated => principal.Kind is PolicyPrincipalKind.Federated && principal.Provider == Value ? PrincipalMatch.Named : PrincipalMatch.None,
        // A canonical user is an account.
        PrincipalNameKind.CanonicalUser when principal.CanonicalUserId != Value => PrincipalMatch.None,
        PrincipalNameKind.CanonicalUser => principal.Kind is PolicyPrincipalKind.Root ? PrincipalMatch.Named : PrincipalMatch.Account,
        _ => MatchNamed(principal),
    };

    private PrincipalMatch MatchNamed(PolicyPrincipal principal)
    {
        var named = InDigits(principal);
        if (principal.Kind is PolicyPrincipalKind.AssumedRole or PolicyPrincipalKind.Federated && principal.Arn == named)
            return PrincipalMatch.Session;
        var isNamed = principal.Kind switch
        {
            PolicyPrincipalKind.User => principal.Arn == named || principal.UserId == named,
            PolicyPrincipalKind.AssumedRole => principal.RoleArn == named || principal.UserId.AsSpan(0, IdLengthOf(principal.UserId)).SequenceEqual(named),
            _ => false,
        };
        return isNamed ? PrincipalMatch.Named : PrincipalMatch.None;
    }

    /// <summary>The text, with the account's digits where it has the name of the principal's account.</summary>
    private string InDigits(PolicyPrincipal principal)
    {
        if (AccountName is null || AccountName != principal.AccountName)
            return Value;
        var start = Value.IndexOf("::", StringComparison.Ordinal) + 2;
        return string.Concat(Value.AsSpan(0, start), principal.AccountId, Value.AsSpan(start + AccountName.Length));
    }

    /// <summary>A role's session has AROA…:session; a policy names the first half.</summary>
    private static int IdLengthOf(string userId) => userId.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? colon : userId.Length;

    private static PrincipalName? ParseAws(string text)
    {
        if (text == "*")
            return Everybody;
        if (IsAccount(text))
            return new PrincipalName(PrincipalNameKind.Account, text);
        if (text.Length >= 16 && text[0] == 'A' && text.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c)))
            return new PrincipalName(PrincipalNameKind.Named, text);
        // arn:aws:iam::123456789012:user/name
        if (text.Split(':', 6) is not ["arn", { Length: > 0 }, "iam" or "sts", "", var account, { Length: > 0 } rest])
            return null;
        var isName = !IsAccount(account);
        if (isName && !IsAccountName(account))
            return null;
        if (rest == "root")
            return new PrincipalName(PrincipalNameKind.Account, account) { AccountName = isName ? account : null };
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && slash + 1 < rest.Length && rest[..slash] is "user" or "role" or "assumed-role" or "federated-user"
            && rest.AsSpan().IndexOfAny('*', '?') < 0
            ? new PrincipalName(PrincipalNameKind.Named, text) { AccountName = isName ? account : null }
            : null;
    }

    /// <summary>A number of another length is a mistake, not a name.</summary>
    private static bool IsAccountName(string text) => ResourceName.IsValid(text) && text.Any(char.IsAsciiLetter);

    private static bool IsAccount(string text) => text.Length == 12 && text.All(char.IsAsciiDigit);
}
