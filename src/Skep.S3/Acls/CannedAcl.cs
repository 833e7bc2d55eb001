using Skep.S3.Errors;

namespace Skep.S3.Acls;

/// <summary>The predefined lists that x-amz-acl names (user guide, "Canned ACL").</summary>
internal static class CannedAcl
{
    /// <summary>The list of a name.</summary>
    /// <param name="name">x-amz-acl.</param>
    /// <param name="owner">The account of the bucket or object.</param>
    /// <param name="bucketOwner">The account of the bucket; the same for a bucket.</param>
    /// <exception cref="S3Exception">There is none of that name.</exception>
    public static AccessControlList Make(string name, string owner, string bucketOwner)
    {
        var grants = new List<AclGrant> { new(owner, Group: null, AclPermission.FullControl) };
        switch (name)
        {
            case "private":
                break;
            case "public-read":
                grants.Add(new(Account: null, AclGroup.AllUsers, AclPermission.Read));
                break;
            case "public-read-write":
                grants.Add(new(Account: null, AclGroup.AllUsers, AclPermission.Read));
                grants.Add(new(Account: null, AclGroup.AllUsers, AclPermission.Write));
                break;
            case "authenticated-read":
                grants.Add(new(Account: null, AclGroup.AuthenticatedUsers, AclPermission.Read));
                break;
            case "bucket-owner-read" when owner != bucketOwner:
                grants.Add(new(bucketOwner, Group: null, AclPermission.Read));
                break;
            case "bucket-owner-full-control" when owner != bucketOwner:
                grants.Add(new(bucketOwner, Group: null, AclPermission.FullControl));
                break;
            case "bucket-owner-read" or "bucket-owner-full-control" or "aws-exec-read":
                break;
            case "log-delivery-write":
                grants.Add(new(Account: null, AclGroup.LogDelivery, AclPermission.Write));
                grants.Add(new(Account: null, AclGroup.LogDelivery, AclPermission.ReadAcp));
                break;
            default:
                throw S3Errors.InvalidArgument("x-amz-acl", name, "The canned ACL is not one that S3 has");
        }

        return new AccessControlList(grants);
    }
}
