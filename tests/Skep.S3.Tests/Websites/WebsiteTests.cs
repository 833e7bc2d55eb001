using System.Text;
using Skep.S3.Errors;
using Skep.S3.Websites;
using Skep.S3.Xml;

namespace Skep.S3.Tests.Websites;

public sealed class WebsiteTests
{
    private const string Index = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>";

    [Theory]
    [InlineData("photos.s3-website.localhost:9000", "photos")]
    [InlineData("a.b.s3-website.example.org", "a.b")]
    [InlineData("PHOTOS.S3-Website.LocalHost", "photos")]
    [InlineData("photos.localhost", null)]
    [InlineData("s3-website.localhost", null)]
    [InlineData("photos.s3-website.elsewhere", null)]
    [InlineData("[::1]:9000", null)]
    public void Hosts_name_buckets(string host, string? bucket) => Assert.Equal(bucket, WebsiteHost.BucketOf(host, ["localhost", "example.org"]));

    [Theory]
    [InlineData("", "InvalidArgument")]
    [InlineData("<IndexDocument><Suffix>a/b</Suffix></IndexDocument>", "InvalidArgument")]
    [InlineData(Index + "<ErrorDocument/>", "MalformedXML")]
    [InlineData(Index + "<RedirectAllRequestsTo><HostName>a</HostName></RedirectAllRequestsTo>", "InvalidArgument")]
    [InlineData("<RedirectAllRequestsTo><HostName>a</HostName><Protocol>ftp</Protocol></RedirectAllRequestsTo>", "InvalidRequest")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Redirect/></RoutingRule></RoutingRules>", "MalformedXML")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Redirect><ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules>", "InvalidRequest")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Redirect><HttpRedirectCode>200</HttpRedirectCode></Redirect></RoutingRule></RoutingRules>", "InvalidRequest")]
    [InlineData(Index + "<RoutingRules><RoutingRule><Condition><HttpErrorCodeReturnedEquals>200</HttpErrorCodeReturnedEquals></Condition><Redirect><HostName>a</HostName></Redirect></RoutingRule></RoutingRules>", "InvalidRequest")]
    public void Configurations_are_checked(string text, string code) =>
        Assert.Equal(code, Assert.Throws<S3Exception>(() => Parse(text)).Code);

    [Theory]
    [InlineData("<Redirect><HostName>other.example</HostName><Protocol>https</Protocol></Redirect>", "docs/a b?c", "https://other.example/docs/a%20b%3Fc")]
    [InlineData("<Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect>", "docs/x%y", "http://site:80/documents/x%25y")]
    [InlineData("<Redirect><ReplaceKeyWith>gone.html?why=moved</ReplaceKeyWith></Redirect>", "anything", "http://site:80/gone.html?why=moved")]
    [InlineData("<Redirect><HttpRedirectCode>302</HttpRedirectCode></Redirect>", "/evil.example\r\nX: y", "http://site:80//evil.example%0D%0AX%3A%20y")]
    public void Rules_say_where_to_go(string rule, string key, string location)
    {
        var parsed = Assert.Single(Parse($"{Index}<RoutingRules><RoutingRule>{rule}</RoutingRule></RoutingRules>").Rules);
        Assert.True(parsed.Matches(key, error: null));
        Assert.False(parsed.Matches(key, error: 404));
        Assert.Equal(location, parsed.Location(key, "http", "site:80"));
    }

    [Fact]
    public void Rules_about_errors_wait_for_them()
    {
        var rule = Assert.Single(Parse($"{Index}<RoutingRules><RoutingRule><Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals><KeyPrefixEquals>a/</KeyPrefixEquals></Condition><Redirect><HostName>h</HostName></Redirect></RoutingRule></RoutingRules>").Rules);
        Assert.False(rule.Matches("a/x", error: null));
        Assert.False(rule.Matches("a/x", error: 403));
        Assert.False(rule.Matches("b/x", error: 404));
        Assert.True(rule.Matches("a/x", error: 404));
    }

    [Fact]
    public void Pages_escape_what_the_request_says()
    {
        var page = Encoding.UTF8.GetString(WebsitePage.Write(EngineErrors.NoSuchKey("<script>alert(\"1\")</script>", marker: null), "id"));
        Assert.Contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Contains("<h1>404 Not Found</h1>", page, StringComparison.Ordinal);
    }

    private static Website Parse(string text) => WebsiteConfiguration.Parse(XmlDocumentReader.Read(Encoding.UTF8.GetBytes($"<WebsiteConfiguration>{text}</WebsiteConfiguration>")));
}
