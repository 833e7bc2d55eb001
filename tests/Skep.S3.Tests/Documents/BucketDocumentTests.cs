using System.Text;
using Skep.Objects.Memory;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Tests.Documents;

public sealed class BucketDocumentTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("<LifecycleConfiguration/>", "MalformedXML")]
    [InlineData("<LifecycleConfiguration><Rule><Status>On</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>", "MalformedXML")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status></Rule></LifecycleConfiguration>", "InvalidRequest")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Days>0</Days></Expiration></Rule></LifecycleConfiguration>", "InvalidArgument")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Date>2026-01-02T03:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>", "InvalidArgument")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition></Rule></LifecycleConfiguration>", "NotImplemented")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Transition><Date>1970-08-23T00:55:27Z</Date><StorageClass>GLACIER</StorageClass></Transition></Rule></LifecycleConfiguration>", "InvalidArgument")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Size>1</Size></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>", "MalformedXML")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><ObjectSizeLessThan>-1</ObjectSizeLessThan></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>", "InvalidArgument")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Prefix>a</Prefix><Filter><Prefix>b</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>", "MalformedXML")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Days>1</Days><Date>2026-01-02T00:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>", "MalformedXML")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule></LifecycleConfiguration>", "InvalidRequest")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>", "InvalidRequest")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>101</NewerNoncurrentVersions></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>", "InvalidArgument")]
    public void Lifecycle_rules_are_checked(string text, string code) =>
        Assert.Equal(code, Assert.Throws<S3Exception>(() => LifecycleConfiguration.Document.Check(Read(text))).Code);

    [Fact]
    public void Lifecycle_rules_get_names()
    {
        var root = Read("<L><Rule><ID>rule-1</ID><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule><Rule><Status>Disabled</Status><Expiration><Days>2</Days></Expiration></Rule></L>");
        LifecycleConfiguration.Document.Check(root);
        var ids = root.All("Rule").Select(r => r.Value("ID")).ToList();
        Assert.Equal(2, ids.Distinct().Count());
        Assert.DoesNotContain(null, ids);
    }

    [Fact]
    public void Names_of_lifecycle_rules_are_unique() =>
        Assert.Throws<S3Exception>(() => LifecycleConfiguration.Document.Check(Read(
            "<L><Rule><ID>a</ID><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule><Rule><ID>a</ID><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></L>")));

    [Theory]
    [InlineData("<C/>", "MalformedXML")]
    [InlineData("<C><CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule></C>", "MalformedXML")]
    [InlineData("<C><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod></CORSRule></C>", "InvalidRequest")]
    [InlineData("<C><CORSRule><AllowedOrigin>*a*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></C>", "InvalidRequest")]
    public void Cors_rules_are_checked(string text, string code) =>
        Assert.Equal(code, Assert.Throws<S3Exception>(() => CorsConfiguration.Document.Check(Read(text))).Code);

    [Theory]
    [InlineData("<Tagging/>", "MalformedXML")]
    [InlineData("<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML")]
    [InlineData("<Tagging><TagSet><Tag><Key></Key><Value>v</Value></Tag></TagSet></Tagging>", "InvalidTag")]
    [InlineData("<Tagging><TagSet><Tag><Key>aws:a</Key><Value>v</Value></Tag></TagSet></Tagging>", "InvalidTag")]
    [InlineData("<Tagging><TagSet><Tag><Key>a</Key><Value>v</Value></Tag><Tag><Key>a</Key><Value>w</Value></Tag></TagSet></Tagging>", "InvalidTag")]
    public void Tags_are_checked(string text, string code) =>
        Assert.Equal(code, Assert.Throws<S3Exception>(() => BucketTagging.Document.Check(Read(text))).Code);

    [Theory]
    [InlineData("<OwnershipControls><Rule><ObjectOwnership>Mine</ObjectOwnership></Rule></OwnershipControls>")]
    [InlineData("<OwnershipControls/>")]
    public void Ownership_is_checked(string text) => Assert.Throws<S3Exception>(() => OwnershipControls.Document.Check(Read(text)));

    [Theory]
    [InlineData("<E/>")]
    [InlineData("<E><Rule/></E>")]
    [InlineData("<E><Rule><ApplyServerSideEncryptionByDefault/></Rule></E>")]
    [InlineData("<E><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES128</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></E>")]
    [InlineData("<E><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule><Rule/></E>")]
    [InlineData("<E><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>yes</BucketKeyEnabled></Rule></E>")]
    [InlineData("<E><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></E>", "InvalidArgument")]
    [InlineData("<E><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms:dsse</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></E>", "NotImplemented")]
    [InlineData("<E><Rule><BlockedEncryptionTypes><EncryptionType>SSE-S3</EncryptionType></BlockedEncryptionTypes></Rule></E>")]
    public void Default_encryption_is_checked(string text, string code = "MalformedXML") =>
        Assert.Equal(code, Assert.Throws<S3Exception>(() => BucketEncryption.Document.Check(Read(text))).Code);

    [Fact]
    public async Task Default_encryption_is_what_was_put()
    {
        await using var store = new MemoryBackend(TimeProvider.System);
        await store.CreateBucketAsync("bucket", "owner", Ct);
        Assert.Equal(new BucketEncryption(null, null, false, false), await BucketEncryption.FindAsync(store, "bucket", Ct));
        var document = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled><BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>";
        BucketEncryption.Document.Check(Read(document));
        await store.PutDocumentAsync("bucket", BucketEncryption.Document.SubResource, Encoding.UTF8.GetBytes(document), Ct);
        Assert.Equal(new BucketEncryption("aws:kms", "k", true, true), await BucketEncryption.FindAsync(store, "bucket", Ct));
    }

    [Fact]
    public void Every_document_has_names_of_its_own()
    {
        Assert.Equal(BucketDocuments.All.Count, BucketDocuments.All.Select(d => d.SubResource).Distinct().Count());
        Assert.All(BucketDocuments.All, d => Assert.True(d.GetName.StartsWith("Get", StringComparison.Ordinal) && d.PutName.StartsWith("Put", StringComparison.Ordinal)));
    }

    private static XmlElement Read(string text) => XmlDocumentReader.Read(Encoding.UTF8.GetBytes(text));
}
