using Microsoft.AspNetCore.Http;
using Skep.Core.Hosting;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Tests.Routing;

public sealed class S3RouterTests
{
    // Operations are only looked at here, never run.
    private static readonly S3Router _router = new(S3Operations.Create(null!));

    [Theory]
    [InlineData("GET", "/", "ListBuckets")]
    [InlineData("PUT", "/b", "CreateBucket")]
    [InlineData("HEAD", "/b", "HeadBucket")]
    [InlineData("GET", "/b", "ListObjects")]
    [InlineData("GET", "/b?list-type=2&prefix=acl", "ListObjectsV2")]
    [InlineData("GET", "/b?versions", "ListObjectVersions")]
    [InlineData("GET", "/b?acl", "GetBucketAcl")]
    [InlineData("GET", "/b?uploads", "ListMultipartUploads")]
    [InlineData("PUT", "/b?versioning", "PutBucketVersioning")]
    [InlineData("DELETE", "/b?cors=", "DeleteBucketCors")]
    [InlineData("POST", "/b?delete", "DeleteObjects")]
    [InlineData("POST", "/b", "PostObject")]
    [InlineData("PUT", "/b/k", "PutObject")]
    [InlineData("PUT", "/b/k?x-id=PutObject", "PutObject")]
    [InlineData("GET", "/b/k?versionId=1&response-expires=x", "GetObject")]
    [InlineData("GET", "/b/k?partNumber=1", "GetObject")]
    [InlineData("GET", "/b/k?location", "GetObject")]
    [InlineData("PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart")]
    [InlineData("GET", "/b/k?uploadId=u", "ListParts")]
    [InlineData("POST", "/b/k?uploads", "CreateMultipartUpload")]
    [InlineData("POST", "/b/k?uploadId=u", "CompleteMultipartUpload")]
    [InlineData("DELETE", "/b/k?uploadId=u", "AbortMultipartUpload")]
    [InlineData("GET", "/b/k?retention&versionId=1", "GetObjectRetention")]
    [InlineData("OPTIONS", "/b/k", "PreflightObject")]
    public void Picks_by_method_level_and_sub_resource(string method, string target, string expected) =>
        Assert.Equal(expected, _router.Find(Call(method, target)).Name);

    [Theory]
    [InlineData("/b/k", "CopyObject")]
    [InlineData("/b/k?partNumber=1&uploadId=u", "UploadPartCopy")]
    [InlineData("/b/k?tagging", "PutObjectTagging")]
    public void A_copy_source_makes_a_copy(string target, string expected) =>
        Assert.Equal(expected, _router.Find(Call("PUT", target, "b/source")).Name);

    [Theory]
    [InlineData("GET", "/b?replication", "GetBucketReplication")]
    [InlineData("PUT", "/b?accelerate", "PutBucketAccelerateConfiguration")]
    [InlineData("POST", "/b/k?select&select-type=2", "SelectObjectContent")]
    [InlineData("POST", "/b/k?restore", "RestoreObject")]
    public void What_is_refused_is_named(string method, string target, string name)
    {
        var error = Assert.Throws<S3Exception>(() => _router.Find(Call(method, target)));
        Assert.Equal(("NotImplemented", 501), (error.Code, error.Status));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PATCH", "/b/k")]
    [InlineData("DELETE", "/b?versioning")]
    [InlineData("DELETE", "/")]
    public void What_S3_does_not_have_is_not_allowed(string method, string target) =>
        Assert.Equal("MethodNotAllowed", Assert.Throws<S3Exception>(() => _router.Find(Call(method, target))).Code);

    [Fact]
    public void Every_operation_has_a_name_and_an_action_of_its_own()
    {
        var names = _router.Operations.Select(o => o.Name).ToList();
        Assert.Equal(names.Count, names.Distinct(StringComparer.Ordinal).Count());
        Assert.All(_router.Operations, o => Assert.StartsWith("s3:", o.Action, StringComparison.Ordinal));
        Assert.DoesNotContain(RefusedOperations.Routes, r => _router.Operations.Any(o => o.Route == r));
    }

    private static S3Call Call(string method, string target, string? copySource = null)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = method;
        if (copySource is not null)
            http.Request.Headers["x-amz-copy-source"] = copySource;
        return new S3Call(http, S3Target.Parse(target, "h", []), RequestRecord.Of(http));
    }
}
