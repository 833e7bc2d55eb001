using Skep.S3.Acls;

namespace Skep.S3.Access;

/// <summary>Which permission of which access control list allows an action (user guide, "Mapping of ACL permissions and access policy permissions").</summary>
/// <param name="IsObject">Whether it is the object's list; else the bucket's.</param>
/// <param name="Permission">What it must give.</param>
internal readonly record struct AclNeeds(bool IsObject, AclPermission Permission)
{
    /// <summary>What an action needs; null when no list allows it.</summary>
    public static AclNeeds? Of(string action) => action switch
    {
        "s3:ListBucket" or "s3:ListBucketVersions" or "s3:ListBucketMultipartUploads" => new(IsObject: false, AclPermission.Read),
        "s3:PutObject" or "s3:DeleteObject" or "s3:AbortMultipartUpload" or "s3:ListMultipartUploadParts" => new(IsObject: false, AclPermission.Write),
        "s3:GetBucketAcl" => new(IsObject: false, AclPermission.ReadAcp),
        "s3:PutBucketAcl" => new(IsObject: false, AclPermission.WriteAcp),
        "s3:GetObject" or "s3:GetObjectVersion" => new(IsObject: true, AclPermission.Read),
        "s3:GetObjectAcl" or "s3:GetObjectVersionAcl" => new(IsObject: true, AclPermission.ReadAcp),
        "s3:PutObjectAcl" or "s3:PutObjectVersionAcl" => new(IsObject: true, AclPermission.WriteAcp),
        _ => null,
    };
}
