using Skep.S3.Errors;

namespace Skep.S3.Acls;

/// <summary>Permissions and groups as the API writes them.</summary>
internal static class AclNames
{
    private const string GroupPrefix = "http://acs.amazonaws.com/groups/";

    /// <summary>A permission's name.</summary>
    public static string Of(AclPermission permission) => permission switch
    {
        AclPermission.Read => "READ",
        AclPermission.Write => "WRITE",
        AclPermission.ReadAcp => "READ_ACP",
        AclPermission.WriteAcp => "WRITE_ACP",
        _ => "FULL_CONTROL",
    };

    /// <summary>A group's URI.</summary>
    public static string Of(AclGroup group) => GroupPrefix + group switch
    {
        AclGroup.AllUsers => "global/AllUsers",
        AclGroup.AuthenticatedUsers => "global/AuthenticatedUsers",
        _ => "s3/LogDelivery",
    };

    /// <summary>The permission of a name.</summary>
    /// <exception cref="S3Exception">MalformedACLError.</exception>
    public static AclPermission ParsePermission(string? name) => name switch
    {
        "READ" => AclPermission.Read,
        "WRITE" => AclPermission.Write,
        "READ_ACP" => AclPermission.ReadAcp,
        "WRITE_ACP" => AclPermission.WriteAcp,
        "FULL_CONTROL" => AclPermission.FullControl,
        _ => throw S3Errors.MalformedAcl(),
    };

    /// <summary>The group of a URI.</summary>
    /// <exception cref="S3Exception">There is none.</exception>
    public static AclGroup ParseGroup(string uri) => uri switch
    {
        GroupPrefix + "global/AllUsers" => AclGroup.AllUsers,
        GroupPrefix + "global/AuthenticatedUsers" => AclGroup.AuthenticatedUsers,
        GroupPrefix + "s3/LogDelivery" => AclGroup.LogDelivery,
        _ => throw S3Errors.InvalidArgument("URI", uri, "Invalid group uri"),
    };
}
