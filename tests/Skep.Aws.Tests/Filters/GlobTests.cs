using Skep.Aws.Filters;

namespace Skep.Aws.Tests.Filters;

public sealed class GlobTests
{
    [Theory]
    [InlineData("web", "web", true)]
    [InlineData("web", "Web", false)]
    [InlineData("w*", "web", true)]
    [InlineData("*", "", true)]
    [InlineData("*b", "web", true)]
    [InlineData("w?b", "web", true)]
    [InlineData("w?", "web", false)]
    [InlineData("w\\*b", "w*b", true)]
    [InlineData("w\\*b", "web", false)]
    [InlineData("\\\\", "\\", true)]
    [InlineData("a*b*c", "axxbxxbxxc", true)]
    [InlineData("a*b*c", "axxbxx", false)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    public void Matches_as_EC2_does(string pattern, string text, bool expected) => Assert.Equal(expected, Glob.IsMatch(pattern, text));

    [Fact]
    public void Takes_linear_steps_on_patterns_made_to_explode() =>
        Assert.False(Glob.IsMatch(string.Concat(Enumerable.Repeat("a*", 500)) + "b", new string('a', 5_000)));
}
