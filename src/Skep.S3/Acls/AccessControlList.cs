using System.Text;

namespace Skep.S3.Acls;

/// <summary>
/// Who may do what with a bucket or an object beside what policies say. Kept as text, a line a grant:
/// "PERMISSION account ID" or "PERMISSION group NAME", after a line with the form's number.
/// </summary>
internal sealed record AccessControlList(IReadOnlyList<AclGrant> Grants)
{
    /// <summary>Grants that one list may have.</summary>
    public const int GrantsMax = 100;

    private const string Form = "1";

    /// <summary>The list of what nobody said anything about: its owner may do everything.</summary>
    public static AccessControlList PrivateTo(string accountId) => new([new AclGrant(accountId, Group: null, AclPermission.FullControl)]);

    /// <summary>Whether everybody, or everybody with an account, is given something.</summary>
    public bool IsPublic => Grants.Any(g => g.Group is AclGroup.AllUsers or AclGroup.AuthenticatedUsers);

    /// <summary>Whether it says more than that the owner may do everything.</summary>
    public bool IsPrivateTo(string accountId) => Grants is [{ Permission: AclPermission.FullControl } only] && only.Account == accountId;

    /// <summary>Whether an account is given a permission.</summary>
    public bool Gives(string accountId, AclPermission permission, bool ignoringPublic = false) =>
        Grants.Any(g => g.Gives(accountId, permission) && !(ignoringPublic && g.Group is not null));

    /// <summary>The stored form.</summary>
    public byte[] Encode() => Encoding.UTF8.GetBytes($"{Form}\n" + string.Concat(Grants.Select(g => $"{g.Permission} {(g.Group is { } group ? $"group {group}" : $"account {g.Account}")}\n")));

    /// <summary>Reads the stored form; an empty one is the private list.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static AccessControlList Decode(ReadOnlyMemory<byte> stored, string ownerAccountId)
    {
        if (stored.IsEmpty)
            return PrivateTo(ownerAccountId);
        var grants = new List<AclGrant>();
        var lines = Encoding.UTF8.GetString(stored.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.FirstOrDefault() != Form)
            throw new InvalidDataException($"an access control list has the form '{lines.FirstOrDefault()}', expected {Form}");
        foreach (var line in lines.Skip(1))
        {
            grants.Add(line.Split(' ') switch
            {
                [var permission, "account", var account] => new AclGrant(account, Group: null, ParsePermission(permission)),
                [var permission, "group", var group] => new AclGrant(Account: null, ParseGroup(group), ParsePermission(permission)),
                _ => throw new InvalidDataException($"an access control list has the line '{line}'"),
            });
        }

        return new AccessControlList(grants);
    }

    private static AclPermission ParsePermission(string name) => name switch
    {
        nameof(AclPermission.Read) => AclPermission.Read,
        nameof(AclPermission.Write) => AclPermission.Write,
        nameof(AclPermission.ReadAcp) => AclPermission.ReadAcp,
        nameof(AclPermission.WriteAcp) => AclPermission.WriteAcp,
        nameof(AclPermission.FullControl) => AclPermission.FullControl,
        _ => throw new InvalidDataException($"an access control list has the permission '{name}'"),
    };

    private static AclGroup ParseGroup(string name) => name switch
    {
        nameof(AclGroup.AllUsers) => AclGroup.AllUsers,
        nameof(AclGroup.AuthenticatedUsers) => AclGroup.AuthenticatedUsers,
        nameof(AclGroup.LogDelivery) => AclGroup.LogDelivery,
        _ => throw new InvalidDataException($"an access control list has the group '{name}'"),
    };
}
