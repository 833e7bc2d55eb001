using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Skep.Core.Hosting;
using Skep.Objects;
using Skep.S3.Logging;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Tests.Logging;

public sealed class AccessLogLineTests
{
    private static readonly S3Router _router = new(S3Operations.Create(null!));

    [Theory]
    [InlineData("GET", "/b/k", "REST.GET.OBJECT")]
    [InlineData("PUT", "/b/k", "REST.PUT.OBJECT")]
    [InlineData("HEAD", "/b", "REST.HEAD.BUCKET")]
    [InlineData("GET", "/b?list-type=2", "REST.GET.BUCKET")]
    [InlineData("GET", "/b?versions", "REST.GET.BUCKETVERSIONS")]
    [InlineData("PUT", "/b?policy", "REST.PUT.BUCKETPOLICY")]
    [InlineData("GET", "/b?logging", "REST.GET.LOGGING_STATUS")]
    [InlineData("POST", "/b?delete", "REST.POST.MULTI_OBJECT_DELETE")]
    [InlineData("POST", "/b/k?uploads", "REST.POST.UPLOADS")]
    [InlineData("PUT", "/b/k?partNumber=1&uploadId=u", "REST.PUT.PART")]
    [InlineData("POST", "/b/k?uploadId=u", "REST.POST.UPLOAD")]
    [InlineData("GET", "/b/k?tagging", "REST.GET.OBJECT_TAGGING")]
    [InlineData("PUT", "/b/k?legal-hold", "REST.PUT.LEGAL_HOLD")]
    public void Operations_have_the_names_of_logs(string method, string target, string expected)
    {
        var operation = _router.Find(Call(method, target));
        Assert.Equal(expected, AccessLogLine.OperationOf(operation.Route, operation.Name));
    }

    [Fact]
    public void A_line_has_S3s_fields()
    {
        var call = Call("GET", "/b/a%20b?versionId=7");
        call.Http.Response.StatusCode = 404;
        call.Http.Response.ContentLength = 300;
        call.Http.Request.Headers.UserAgent = "aws-cli/2";
        call.Http.Connection.RemoteIpAddress = System.Net.IPAddress.Parse("::ffff:10.0.0.1");
        var line = AccessLogLine.Write(call, _router.Find(call), "NoSuchKey", new DateTimeOffset(2026, 2, 6, 0, 0, 38, TimeSpan.Zero), TimeSpan.FromMilliseconds(12.5));
        Assert.Equal(
            $"{CanonicalUserId.Of("111111111111")} b [06/Feb/2026:00:00:38 +0000] 10.0.0.1 - {call.Record.RequestId} REST.GET.OBJECT a%20b " +
            $"\"GET /b/a%20b?versionId=7 HTTP/1.1\" 404 NoSuchKey 300 - 12 - \"-\" \"aws-cli/2\" 7 {call.Record.RequestId} - - - h - - -",
            line);
    }

    [Fact]
    public void What_a_client_says_stays_in_its_field()
    {
        var call = Call("GET", "/b/k\"?versionId=1%202");
        call.Http.Request.Headers.UserAgent = "a\" 200 - \"b";
        call.Http.Request.Headers.Referer = "x\ny";
        var line = AccessLogLine.Write(call, _router.Find(call), error: null, default, TimeSpan.Zero);
        Assert.Equal(6, line.Count(c => c == '"'));
        Assert.DoesNotContain('\n', line);
        Assert.Contains(" 1%202 ", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/b/k?X-Amz-Date=1&X-Amz-Signature=abc&x=1", "/b/k?X-Amz-Date=1&X-Amz-Signature=XXX&x=1")]
    [InlineData("/b/k?x-amz-security-token=t%2B&X-Amz-Signature=abc", "/b/k?x-amz-security-token=XXX&X-Amz-Signature=XXX")]
    [InlineData("/b/k", "/b/k")]
    public void What_would_let_others_repeat_a_request_is_left_out(string target, string expected) => Assert.Equal(expected, AccessLogLine.Redact(target));

    private static S3Call Call(string method, string target)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = method;
        http.Request.Protocol = "HTTP/1.1";
        http.Request.Host = new HostString("h");
        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        return new S3Call(http, S3Target.Parse(target, "h", []), RequestRecord.Of(http))
        {
            BucketInfo = new BucketInfo { Name = "b", Owner = "111111111111", Created = default, Versioning = VersioningState.None, Quota = default, Usage = default },
        };
    }
}
