using System.Text;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Tests.Documents;

public sealed class BucketDocumentTests
{
    [Theory]
    [InlineData("<LifecycleConfiguration/>", "MalformedXML")]
    [InlineData("<LifecycleConfiguration><Rule><Status>On</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>", "MalformedXML")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status></Rule></LifecycleConfiguration>", "InvalidRequest")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Days>0</Days></Expiration></Rule></LifecycleConfiguration>", "InvalidArgument")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Date>2026-01-02T03:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>", "InvalidArgument")]
    [InlineData("<LifecycleConfiguration><Rule><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition></Rule></LifecycleConfiguration>", "NotImplemented")]
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

    [Fact]
    public void Every_document_has_names_of_its_own()
    {
        Assert.Equal(BucketDocuments.All.Count, BucketDocuments.All.Select(d => d.SubResource).Distinct().Count());
        Assert.All(BucketDocuments.All, d => Assert.True(d.GetName.StartsWith("Get", StringComparison.Ordinal) && d.PutName.StartsWith("Put", StringComparison.Ordinal)));
    }

    private static XmlElement Read(string text) => XmlDocumentReader.Read(Encoding.UTF8.GetBytes(text));
}
