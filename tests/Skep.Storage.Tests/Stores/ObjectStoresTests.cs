using Skep.Storage.Stores;

namespace Skep.Storage.Tests.Stores;

public sealed class ObjectStoresTests
{
    [Theory]
    [InlineData("http://bucket", "is neither file:///path nor s3://bucket/prefix")]
    [InlineData("file://relative", "no absolute path")]
    [InlineData("s3://Bucket", "is no bucket")]
    public void Says_what_is_wrong_with_a_url(string url, string expected) =>
        Assert.Contains(expected, ObjectStores.Check(url), StringComparison.Ordinal);
}
