using Skep.S3.Errors;
using Skep.S3.Tagging;

namespace Skep.S3.Documents;

/// <summary>A bucket's tags.</summary>
internal static class BucketTagging
{
    private const int TagsMax = 50;

    /// <summary>The document.</summary>
    public static BucketDocument Document { get; } = new()
    {
        SubResource = "tagging",
        Root = "Tagging",
        GetName = "GetBucketTagging",
        PutName = "PutBucketTagging",
        DeleteName = "DeleteBucketTagging",
        GetAction = "s3:GetBucketTagging",
        PutAction = "s3:PutBucketTagging",
        NotFound = static bucket => S3Errors.NoSuchDocument("NoSuchTagSet", "The TagSet does not exist", bucket),
        Check = static root => TagSet.FromXml(root, TagsMax),
        NeedsDigest = true,
        PutStatus = 204,
    };
}
