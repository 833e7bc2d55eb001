using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Documents;

/// <summary>What of public access a bucket refuses, whatever lists and policies say.</summary>
/// <param name="BlocksPublicAcls">Requests that give a public access control list are refused.</param>
/// <param name="IgnoresPublicAcls">Public grants do not count.</param>
/// <param name="BlocksPublicPolicy">Policies that are public are refused.</param>
/// <param name="RestrictsPublicBuckets">Under a public policy, only the account itself gets in.</param>
internal sealed record PublicAccessBlock(bool BlocksPublicAcls, bool IgnoresPublicAcls, bool BlocksPublicPolicy, bool RestrictsPublicBuckets)
{
    private const string SubResource = "publicAccessBlock";

    private static readonly PublicAccessBlock _none = new(BlocksPublicAcls: false, IgnoresPublicAcls: false, BlocksPublicPolicy: false, RestrictsPublicBuckets: false);

    /// <summary>The document.</summary>
    public static BucketDocument Document { get; } = new()
    {
        SubResource = SubResource,
        Root = "PublicAccessBlockConfiguration",
        GetName = "GetPublicAccessBlock",
        PutName = "PutPublicAccessBlock",
        DeleteName = "DeletePublicAccessBlock",
        GetAction = "s3:GetBucketPublicAccessBlock",
        PutAction = "s3:PutBucketPublicAccessBlock",
        NotFound = static bucket => S3Errors.NoSuchDocument("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", bucket),
        Check = static root =>
        {
            foreach (var child in root.Children)
            {
                if (child.Name is not ("BlockPublicAcls" or "IgnorePublicAcls" or "BlockPublicPolicy" or "RestrictPublicBuckets") || !bool.TryParse(child.Text, out _))
                    throw S3Errors.MalformedXml($"{child.Name} is {child.Text}, expected BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy and RestrictPublicBuckets with true or false");
            }
        },
    };

    /// <summary>A bucket's setting.</summary>
    public static async ValueTask<PublicAccessBlock> FindAsync(IObjectBackend store, string bucket, CancellationToken ct)
    {
        if (await store.FindDocumentAsync(bucket, SubResource, ct) is not { } stored)
            return _none;
        var root = XmlDocumentReader.Read(stored);
        return new PublicAccessBlock(Is(root, "BlockPublicAcls"), Is(root, "IgnorePublicAcls"), Is(root, "BlockPublicPolicy"), Is(root, "RestrictPublicBuckets"));
    }

    private static bool Is(XmlElement root, string name) => string.Equals(root.Value(name), "true", StringComparison.OrdinalIgnoreCase);
}
