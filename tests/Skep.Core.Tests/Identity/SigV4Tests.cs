using Skep.Core.Identity;

namespace Skep.Core.Tests.Identity;

/// <summary>AWS's published examples: the signature test suite, and the example of the signing documentation.</summary>
public sealed class SigV4Tests
{
    private const string Date = "20150830T123600Z";
    private const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    private static readonly SigV4Scope _service = new("AKIDEXAMPLE", "20150830", "us-east-1", "service");

    [Theory]
    [InlineData("GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    [InlineData("GET", "/", "Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    [InlineData("GET", "/ሴ", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")]
    [InlineData("GET", "//", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("GET", "/example/..", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("GET", "/./", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    public void Agrees_with_the_test_suite(string method, string path, string query, string signature)
    {
        var request = new SigV4Request(
            method, path, query, [new("Host", "example.amazonaws.com"), new("X-Amz-Date", Date)], SigV4Request.EmptyPayloadHash);
        Assert.Equal(signature, SigV4.Signature(request, ["host", "x-amz-date"], _service, Date, Secret));
    }

    [Fact]
    public void Agrees_with_the_example_of_the_documentation()
    {
        var request = new SigV4Request(
            "GET", "/", "Action=ListUsers&Version=2010-05-08",
            [
                new("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
                new("Host", "iam.amazonaws.com"),
                new("X-Amz-Date", Date),
            ],
            SigV4Request.EmptyPayloadHash);
        Assert.Equal(
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            SigV4.Signature(request, ["content-type", "host", "x-amz-date"], _service with { Service = "iam" }, Date, Secret));
    }

    [Fact]
    public void Joins_repeated_headers_and_folds_spaces()
    {
        var request = new SigV4Request(
            "GET", "/", "", [new("My-Header", "  a   b "), new("my-header", "c")], SigV4Request.EmptyPayloadHash);
        Assert.Contains("\nmy-header:a b,c\n", SigV4.CanonicalRequest(request, ["my-header"], "service"), StringComparison.Ordinal);
    }

    [Fact]
    public void Encodes_the_path_twice_except_for_s3()
    {
        var request = new SigV4Request("GET", "/a%20b", "", [], SigV4Request.EmptyPayloadHash);
        Assert.StartsWith("GET\n/a%2520b\n", SigV4.CanonicalRequest(request, [], "ec2"), StringComparison.Ordinal);
        Assert.StartsWith("GET\n/a%20b\n", SigV4.CanonicalRequest(request, [], "s3"), StringComparison.Ordinal);
        Assert.StartsWith("GET\n/a//../b\n", SigV4.CanonicalRequest(request with { Path = "/a//../b" }, [], "s3"), StringComparison.Ordinal);
    }

    [Fact]
    public void Sorts_and_encodes_the_query_and_leaves_the_signature_out()
    {
        var request = new SigV4Request("GET", "/", "b=2&a=%7e&a=1&X-Amz-Signature=0&c", [], SigV4Request.EmptyPayloadHash);
        Assert.StartsWith("GET\n/\na=1&a=~&b=2&c=\n", SigV4.CanonicalRequest(request, [], "ec2"), StringComparison.Ordinal);
    }
}
