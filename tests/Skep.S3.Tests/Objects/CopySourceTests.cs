using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Objects;

namespace Skep.S3.Tests.Objects;

public sealed class CopySourceTests
{
    [Theory]
    [InlineData("bucket/key", "key", null)]
    [InlineData("/bucket/key", "key", null)]
    [InlineData("bucket//key", "/key", null)]
    [InlineData("bucket/a%3Fb%2Bc+d", "a?b+c+d", null)]
    [InlineData("bucket/key?versionId=v1", "key", "v1")]
    [InlineData("bucket/key%3FversionId=v1", "key?versionId=v1", null)]
    [InlineData("bucket/%E6%97%A5", "日", null)]
    public void Names_key_and_version(string header, string key, string? version) =>
        Assert.Equal(new ObjectAddress("bucket", key, version), CopySource.Parse(header));

    [Theory]
    [InlineData("bucket")]
    [InlineData("bucket/")]
    [InlineData("/")]
    [InlineData("B!/key")]
    public void Refuses_what_names_no_object(string header) => Assert.Throws<S3Exception>(() => CopySource.Parse(header));
}
