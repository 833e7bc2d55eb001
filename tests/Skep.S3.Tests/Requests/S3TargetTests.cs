using System.Text;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Tests.Requests;

public sealed class S3TargetTests
{
    private static readonly string[] _domains = ["localhost", "s3.example"];

    [Theory]
    [InlineData("/", "h", "", "")]
    [InlineData("/b", "h", "b", "")]
    [InlineData("/b/", "h", "b", "")]
    [InlineData("/b/k", "h", "b", "k")]
    [InlineData("/b//k", "h", "b", "/k")]
    [InlineData("/b/../k", "h", "b", "../k")]
    [InlineData("/b/./k/..", "h", "b", "./k/..")]
    [InlineData("/b/a%2Fb", "h", "b", "a/b")]
    [InlineData("/b/a+b%20c%2B", "h", "b", "a+b c+")]
    [InlineData("/b/%C3%BC", "h", "b", "ü")]
    [InlineData("/b/100%", "h", "b", "100%")]
    [InlineData("/k/l", "b.localhost:9000", "b", "k/l")]
    [InlineData("/", "b.s3.example", "b", "")]
    [InlineData("//k", "B.LOCALHOST", "b", "/k")]
    [InlineData("/b/k", "localhost:9000", "b", "k")]
    [InlineData("/b/k", "[::1]:9000", "b", "k")]
    [InlineData("http://h:9000/b/k?acl", "h", "b", "k")]
    [InlineData("http://h:9000", "h", "", "")]
    public void Names_bucket_and_key(string target, string host, string bucket, string key)
    {
        var parsed = S3Target.Parse(target, host, _domains);
        Assert.Equal((bucket, key), (parsed.Bucket, parsed.Key));
    }

    [Theory]
    [InlineData("/blue:b/k:l", "blue", "b", "k:l")]
    [InlineData("/:b", "", "b", "")]
    [InlineData("/blue%3Ab/k", "blue", "b", "k")]
    [InlineData("/b/k:l", null, "b", "k:l")]
    public void Names_the_account_before_the_bucket(string target, string? tenant, string bucket, string key)
    {
        var parsed = S3Target.Parse(target, "h", _domains);
        Assert.Equal((tenant, bucket, key), (parsed.Tenant, parsed.Bucket, parsed.Key));
    }

    [Fact]
    public void Keeps_every_key_byte_for_byte()
    {
        var random = Seed.NewRandom();
        for (var i = 0; i < 2_000; i++)
        {
            var key = Seed.NewKey(random);
            var parsed = S3Target.Parse("/bucket/" + Encode(key, random), "h", _domains);
            Assert.Equal(("bucket", key), (parsed.Bucket, parsed.Key));
            var hosted = S3Target.Parse("/" + Encode(key, random), "bucket.localhost", _domains);
            Assert.Equal(("bucket", key), (hosted.Bucket, hosted.Key));
        }
    }

    [Fact]
    public void Refuses_what_is_not_utf8()
    {
        var error = Assert.Throws<S3Exception>(() => S3Target.Parse("/b/%ff%fe", "h", _domains));
        Assert.Equal("InvalidURI", error.Code);
    }

    /// <summary>Percent-encodes what must be, and some of what need not.</summary>
    private static string Encode(string key, Random random)
    {
        var text = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(key))
        {
            if (b is (byte)'%' or (byte)'?' or (byte)'#' or <= 0x20 or >= 0x7f || random.Next(3) == 0)
                text.Append($"%{b:X2}");
            else
                text.Append((char)b);
        }

        return text.ToString();
    }
}
