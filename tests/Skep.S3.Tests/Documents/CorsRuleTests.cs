using Skep.S3.Documents;

namespace Skep.S3.Tests.Documents;

public sealed class CorsRuleTests
{
    [Theory]
    [InlineData("*", "https://a.example", true)]
    [InlineData("https://a.example", "https://a.example", true)]
    [InlineData("https://a.example", "https://b.example", false)]
    [InlineData("https://*.example", "https://a.example", true)]
    [InlineData("*suffix", "xsuffix", true)]
    [InlineData("start*end", "startend", true)]
    [InlineData("start*end", "starten", false)]
    [InlineData("aa*aa", "aaa", false)]
    public void Origins_may_have_a_wildcard(string pattern, string origin, bool expected) =>
        Assert.Equal(expected, new CorsRule([pattern], ["GET"], [], [], null).Allows(origin, "GET", []));

    [Theory]
    [InlineData("x-amz-*", "X-Amz-Meta-A", true)]
    [InlineData("content-type", "Content-Type", true)]
    [InlineData("content-type", "Content-MD5", false)]
    public void Headers_have_no_case(string pattern, string header, bool expected) =>
        Assert.Equal(expected, new CorsRule(["*"], ["PUT"], [pattern], [], null).Allows("o", "PUT", [header]));

    [Fact]
    public void Methods_are_named() => Assert.False(new CorsRule(["*"], ["GET"], ["*"], [], null).Allows("o", "PUT", []));
}
