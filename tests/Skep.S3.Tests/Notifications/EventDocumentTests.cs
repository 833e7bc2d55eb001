using System.Text.Json.Nodes;
using Skep.Objects;
using Skep.S3.Notifications;

namespace Skep.S3.Tests.Notifications;

public sealed class EventDocumentTests
{
    private static readonly BucketInfo _bucket = new()
    {
        Name = "photos", Owner = "111111111111", Created = default, Versioning = VersioningState.Enabled, Quota = default, Usage = default,
    };

    [Fact]
    public void Is_as_S3_writes_it()
    {
        var version = new ObjectVersion { Key = "a b/ü+c", VersionId = "v", LastModified = default, LengthBytes = 7, ETag = "e", Sequence = 255 };
        var happened = S3Event.Of(NotificationEvents.Put, _bucket, version) with { PrincipalId = "AIDA", SourceAddress = "10.0.0.1", RequestId = "r" };
        var record = JsonNode.Parse(EventDocument.Write(happened, "c", "us-east-1", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)).Span)!["Records"]![0]!;
        Assert.Equal("2.1", (string?)record["eventVersion"]);
        Assert.Equal("aws:s3", (string?)record["eventSource"]);
        Assert.Equal("2026-01-02T03:04:05.000Z", (string?)record["eventTime"]);
        Assert.Equal("ObjectCreated:Put", (string?)record["eventName"]);
        Assert.Equal("AIDA", (string?)record["userIdentity"]!["principalId"]);
        Assert.Equal("10.0.0.1", (string?)record["requestParameters"]!["sourceIPAddress"]);
        Assert.Equal("r", (string?)record["responseElements"]!["x-amz-request-id"]);
        var s3 = record["s3"]!;
        Assert.Equal(("1.0", "c"), ((string?)s3["s3SchemaVersion"], (string?)s3["configurationId"]));
        Assert.Equal(("photos", "arn:aws:s3:::photos", CanonicalUserId.Of("111111111111")), ((string?)s3["bucket"]!["name"], (string?)s3["bucket"]!["arn"], (string?)s3["bucket"]!["ownerIdentity"]!["principalId"]));
        Assert.Equal("""{"key":"a\u002Bb/%C3%BC%2Bc","size":7,"eTag":"e","versionId":"v","sequencer":"00000000000000FF"}""", s3["object"]!.ToJsonString());
    }

    [Fact]
    public void Deletions_have_no_size_and_markers_a_name_of_their_own()
    {
        var marker = S3Event.Of(NotificationEvents.Delete, NotificationEvents.DeleteMarkerCreated, _bucket, new DeleteRequest { Key = "k" }, new DeleteResult("m", IsDeleteMarker: true));
        Assert.Equal((NotificationEvents.DeleteMarkerCreated, "m", (long?)null), (marker.Name, marker.VersionId, marker.SizeBytes));
        var removed = S3Event.Of(NotificationEvents.Delete, NotificationEvents.DeleteMarkerCreated, _bucket, new DeleteRequest { Key = "k", VersionId = "m" }, new DeleteResult("m", IsDeleteMarker: true));
        Assert.Equal(NotificationEvents.Delete, removed.Name);
    }
}
