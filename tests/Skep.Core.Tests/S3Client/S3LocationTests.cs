using Skep.Core.S3Client;

namespace Skep.Core.Tests.S3Client;

public sealed class S3LocationTests
{
    [Fact]
    public void Reads_every_part()
    {
        Assert.True(S3Location.TryParse("s3://my-bucket/a/b/?endpoint=https%3A%2F%2F10.0.0.1%3A9000&region=home-1&style=virtual&ca=/etc/ca.pem&credentials=/etc/keys&profile=p", out var location, out _));
        Assert.Equal(
            ("my-bucket", "a/b/", "https://10.0.0.1:9000/", "home-1", true, "/etc/ca.pem", "/etc/keys", "p"),
            (location.Bucket, location.Prefix, location.Endpoint.ToString(), location.Region, location.IsVirtualStyle, location.AuthorityFile, location.CredentialsFile, location.Profile));
    }

    [Fact]
    public void An_endpoint_needs_no_escapes_and_gets_path_style()
    {
        Assert.True(S3Location.TryParse("s3://bucket?endpoint=http://localhost:9000&region=x", out var location, out _));
        Assert.Equal(("", "http://localhost:9000/", false), (location.Prefix, location.Endpoint.ToString(), location.IsVirtualStyle));
    }

    [Fact]
    public void Without_an_endpoint_it_is_amazons_in_virtual_style()
    {
        Assert.True(S3Location.TryParse("s3://bucket/x?region=eu-west-1", out var location, out _));
        Assert.Equal(("https://s3.eu-west-1.amazonaws.com/", true), (location.Endpoint.ToString(), location.IsVirtualStyle));
    }

    [Theory]
    [InlineData("http://bucket", "does not begin with s3://")]
    [InlineData("s3://", "is no bucket")]
    [InlineData("s3://Bucket", "is no bucket")]
    [InlineData("s3://bucket/a b", "is no prefix")]
    [InlineData("s3://bucket?endpoint=localhost:9000", "is not a URL such as")]
    [InlineData("s3://bucket?endpoint=http://h/path", "is not a URL such as")]
    [InlineData("s3://bucket?style=dns", "neither path nor virtual")]
    [InlineData("s3://bucket?secret=x", "unknown parameter \"secret\"")]
    [InlineData("s3://bucket?ca=ca.pem", "is not an absolute path")]
    [InlineData("s3://bucket?checksums=keep", "unknown parameter \"checksums\"")]
    public void Says_what_is_wrong(string url, string expected)
    {
        Assert.False(S3Location.TryParse(url, out _, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_servers_buckets_may_begin_with_a_prefix()
    {
        Assert.True(S3Location.TryParseBuckets("s3://?endpoint=http://localhost:9000", out var location, out _));
        Assert.Equal(("", "", false, false), (location.Bucket, location.Prefix, location.IsVirtualStyle, location.KeepsChecksums));
        Assert.True(S3Location.TryParseBuckets("s3://acme-?endpoint=http://localhost:9000&checksums=keep", out location, out _));
        Assert.Equal(("acme-", true), (location.Bucket, location.KeepsChecksums));
    }

    [Theory]
    [InlineData("s3://bucket/prefix", "nothing that buckets' names can begin with")]
    [InlineData("s3://-a", "nothing that buckets' names can begin with")]
    [InlineData("s3://Acme", "nothing that buckets' names can begin with")]
    [InlineData("s3://a?checksums=no", "neither keep nor verify")]
    [InlineData("s3://a?password=x", "unknown parameter \"password\"")]
    public void Says_what_is_wrong_with_a_servers_buckets(string url, string expected)
    {
        Assert.False(S3Location.TryParseBuckets(url, out _, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }
}
