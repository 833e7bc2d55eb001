using Skep.Objects;
using Skep.S3.Encryption;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Documents;

/// <summary>How a bucket encrypts what does not say it itself (user guide, "Setting default server-side encryption behavior").</summary>
/// <param name="Algorithm">AES256 or aws:kms; null for not at all.</param>
/// <param name="KmsKeyId">The KMS key; null for the one that AWS manages.</param>
/// <param name="BucketKeyEnabled">Whether objects are shown to have a bucket key.</param>
/// <param name="BlocksCustomerKeys">Whether SSE-C is refused.</param>
internal sealed record BucketEncryption(string? Algorithm, string? KmsKeyId, bool BucketKeyEnabled, bool BlocksCustomerKeys)
{
    private const string SubResource = "encryption";
    private const string Defaults = "ApplyServerSideEncryptionByDefault";
    private const string CustomerType = "SSE-C";

    private static readonly BucketEncryption _none = new(null, null, false, false);

    /// <summary>The document.</summary>
    public static BucketDocument Document { get; } = new()
    {
        SubResource = SubResource,
        Root = "ServerSideEncryptionConfiguration",
        GetName = "GetBucketEncryption",
        PutName = "PutBucketEncryption",
        DeleteName = "DeleteBucketEncryption",
        GetAction = "s3:GetEncryptionConfiguration",
        PutAction = "s3:PutEncryptionConfiguration",
        NotFound = static bucket => S3Errors.NoSuchDocument("ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found", bucket),
        Check = Check,
    };

    /// <summary>A bucket's setting.</summary>
    public static async ValueTask<BucketEncryption> FindAsync(IObjectBackend store, string bucket, CancellationToken ct)
    {
        if (await store.FindDocumentAsync(bucket, SubResource, ct) is not { } stored || XmlDocumentReader.Read(stored)["Rule"] is not { } rule)
            return _none;
        var defaults = rule[Defaults];
        return new BucketEncryption(defaults?.Value("SSEAlgorithm"), defaults?.Value("KMSMasterKeyID"), rule.Value("BucketKeyEnabled") == "true", BlockedTypes(rule).Contains(CustomerType));
    }

    private static void Check(XmlElement root)
    {
        if (root.Children.Count != 1 || root["Rule"] is not { } rule)
            throw S3Errors.MalformedXml("expected one Rule");
        if (rule[Defaults] is null && rule["BlockedEncryptionTypes"] is null)
            throw S3Errors.MalformedXml($"the Rule has neither {Defaults} nor BlockedEncryptionTypes");
        if (rule[Defaults] is { } defaults)
            CheckDefaults(defaults);
        if (rule.Value("BucketKeyEnabled") is not (null or "true" or "false"))
            throw S3Errors.MalformedXml("BucketKeyEnabled is neither true nor false");
        if (BlockedTypes(rule).FirstOrDefault(t => t is not (CustomerType or "NONE")) is { } type)
            throw S3Errors.MalformedXml($"EncryptionType is {type}, expected {CustomerType} or NONE");
    }

    private static void CheckDefaults(XmlElement defaults)
    {
        switch (defaults.Value("SSEAlgorithm"))
        {
            case ObjectEncryption.S3 when defaults.Value("KMSMasterKeyID") is { } key:
                throw S3Errors.InvalidArgument("KMSMasterKeyID", key, "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms");
            case ObjectEncryption.S3 or ObjectEncryption.Kms:
                break;
            case "aws:kms:dsse":
                throw S3Errors.NotImplemented("PutBucketEncryption with aws:kms:dsse");
            case var other:
                throw S3Errors.MalformedXml($"SSEAlgorithm is {other}, expected {ObjectEncryption.S3} or {ObjectEncryption.Kms}");
        }
    }

    private static IEnumerable<string> BlockedTypes(XmlElement rule) => rule["BlockedEncryptionTypes"]?.All("EncryptionType").Select(t => t.Text) ?? [];
}
