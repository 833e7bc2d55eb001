using Skep.S3.Buckets;

namespace Skep.S3.Tests.Buckets;

public sealed class BucketNameTests
{
    [Theory]
    [InlineData("abc")]
    [InlineData("0-a.b-1")]
    [InlineData("a23456789012345678901234567890123456789012345678901234567890123")]
    [InlineData("1.2.3")]
    public void Takes_what_S3_takes(string name) => Assert.True(BucketName.IsValid(name));

    [Theory]
    [InlineData("")]
    [InlineData("ab")]
    [InlineData("a234567890123456789012345678901234567890123456789012345678901234")]
    [InlineData("Abc")]
    [InlineData("a_c")]
    [InlineData("-ab")]
    [InlineData("ab-")]
    [InlineData(".ab")]
    [InlineData("a..b")]
    [InlineData("192.168.5.4")]
    [InlineData("xn--abc")]
    [InlineData("sthree-abc")]
    [InlineData("abc-s3alias")]
    [InlineData("abc--ol-s3")]
    [InlineData("äbc")]
    public void Refuses_what_S3_refuses(string name) => Assert.False(BucketName.IsValid(name));
}
