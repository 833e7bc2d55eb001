using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Tests.Requests;

public sealed class S3QueryTests
{
    [Fact]
    public void Decodes_names_and_values()
    {
        var query = new S3Query("prefix=a%2Fb+c&acl&max-keys=7&prefix=second&empty=");
        Assert.Equal("a/b c", query["prefix"]);
        Assert.True(query.Has("acl"));
        Assert.Equal("", query["acl"]);
        Assert.False(query.TryGet("empty", out _));
        Assert.Null(query["missing"]);
        Assert.Equal(7, query.Count("max-keys", 1_000));
    }

    [Theory]
    [InlineData("", 1_000)]
    [InlineData("max-keys=0", 0)]
    [InlineData("max-keys=5000", 1_000)]
    public void Counts_are_bounded(string query, int expected) => Assert.Equal(expected, new S3Query(query).Count("max-keys", 1_000));

    [Theory]
    [InlineData("max-keys=-1")]
    [InlineData("max-keys=x")]
    [InlineData("max-keys=99999999999")]
    public void Refuses_what_is_no_count(string query) =>
        Assert.Equal("InvalidArgument", Assert.Throws<S3Exception>(() => new S3Query(query).Count("max-keys", 1_000)).Code);

    [Theory]
    [InlineData("partNumber=0")]
    [InlineData("partNumber=10001")]
    [InlineData("partNumber=1.5")]
    public void Refuses_numbers_out_of_range(string query) =>
        Assert.Equal("InvalidArgument", Assert.Throws<S3Exception>(() => new S3Query(query).Number("partNumber", 1, 10_000)).Code);
}
