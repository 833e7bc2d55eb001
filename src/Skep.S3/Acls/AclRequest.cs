using Skep.S3.Access;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Acls;

/// <summary>Reads the access control list that a request gives: canned, by grant headers, or as a document.</summary>
internal static class AclRequest
{
    private static readonly (string Header, AclPermission Permission)[] _grantHeaders =
    [
        ("x-amz-grant-read", AclPermission.Read),
        ("x-amz-grant-write", AclPermission.Write),
        ("x-amz-grant-read-acp", AclPermission.ReadAcp),
        ("x-amz-grant-write-acp", AclPermission.WriteAcp),
        ("x-amz-grant-full-control", AclPermission.FullControl),
    ];

    /// <summary>Whether the headers give a list.</summary>
    public static bool HasHeaders(S3Call call) => call.Header("x-amz-acl") is not null || Array.Exists(_grantHeaders, h => call.Header(h.Header) is not null);

    /// <summary>The list that the headers give; null when they give none.</summary>
    /// <exception cref="S3Exception">They contradict each other, or name what does not exist.</exception>
    public static AccessControlList? FromHeaders(S3Call call, S3Accounts accounts, string owner, string bucketOwner)
    {
        var canned = call.Header("x-amz-acl");
        var grants = new List<AclGrant>();
        foreach (var (header, permission) in _grantHeaders)
        {
            foreach (var grantee in (call.Header(header) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                grants.Add(Grant(accounts, header, grantee, permission));
        }

        if (canned is not null && grants.Count > 0)
            throw S3Errors.InvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed");
        if (canned is not null)
            return CannedAcl.Make(canned, owner, bucketOwner);
        return grants.Count > 0 ? Checked(grants) : null;
    }

    /// <summary>The list of an AccessControlPolicy document; its owner must be the present one.</summary>
    /// <exception cref="S3Exception">MalformedACLError, or it names what does not exist.</exception>
    public static AccessControlList FromXml(XmlElement root, S3Accounts accounts, string owner)
    {
        if (root.Name != "AccessControlPolicy" || root["AccessControlList"] is not { } list)
            throw S3Errors.MalformedAcl();
        if (root["Owner"]?.Value("ID") is { } id && id != CanonicalUserId.Of(owner))
            throw S3Errors.AccessDenied("the owner of an access control list cannot be changed");
        return Checked([.. list.All("Grant").Select(g => Grant(accounts, g))]);
    }

    private static AccessControlList Checked(List<AclGrant> grants) =>
        grants.Count <= AccessControlList.GrantsMax ? new AccessControlList(grants) : throw S3Errors.MalformedAcl();

    private static AclGrant Grant(S3Accounts accounts, XmlElement grant)
    {
        var permission = AclNames.ParsePermission(grant.Value("Permission"));
        var grantee = grant["Grantee"] ?? throw S3Errors.MalformedAcl();
        if (grantee.Value("URI") is { } uri)
            return new AclGrant(Account: null, AclNames.ParseGroup(uri), permission);
        if (grantee.Value("ID") is { } id)
            return new AclGrant(accounts.FindAccount(id) ?? throw UnknownId(id), Group: null, permission);
        return grantee.Value("EmailAddress") is { } email
            ? new AclGrant(accounts.FindByEmail(email) ?? throw UnknownEmail(email), Group: null, permission)
            : throw S3Errors.MalformedAcl();
    }

    private static AclGrant Grant(S3Accounts accounts, string header, string grantee, AclPermission permission)
    {
        var equals = grantee.IndexOf('=', StringComparison.Ordinal);
        var value = equals < 0 ? "" : grantee[(equals + 1)..].Trim().Trim('"');
        return (equals < 0 ? "" : grantee[..equals].Trim()) switch
        {
            "id" => new AclGrant(accounts.FindAccount(value) ?? throw UnknownId(value), Group: null, permission),
            "uri" => new AclGrant(Account: null, AclNames.ParseGroup(value), permission),
            "emailAddress" => new AclGrant(accounts.FindByEmail(value) ?? throw UnknownEmail(value), Group: null, permission),
            _ => throw S3Errors.InvalidArgument(header, grantee, "Argument format not recognized"),
        };
    }

    private static S3Exception UnknownId(string id) => S3Errors.InvalidArgument("id", id, "Invalid id");

    private static S3Exception UnknownEmail(string email) =>
        S3Errors.Of("UnresolvableGrantByEmailAddress", 400, $"The email address you provided does not match any account on record: {email}");
}
