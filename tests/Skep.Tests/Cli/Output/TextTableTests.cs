using Skep.Cli.Output;

namespace Skep.Tests.Cli.Output;

public sealed class TextTableTests
{
    [Fact]
    public void Aligns_columns_and_leaves_no_blanks_at_line_ends() =>
        Assert.Equal("NAME   STATE\nweb    running\ndb\n", TextTable.Render(["Name", "State"], [["web", "running"], ["db", ""]]));

    [Fact]
    public void Lets_no_control_character_of_a_resource_reach_the_terminal() =>
        Assert.Equal("NAME\na b [31m\n", TextTable.Render(["Name"], [["a\nb\e[31m"]]));

    [Theory]
    [InlineData(5, "5s")]
    [InlineData(119, "119s")]
    [InlineData(125, "2m5s")]
    [InlineData(3600, "60m")]
    [InlineData(5 * 3600 + 120, "5h2m")]
    [InlineData(30 * 3600, "30h")]
    [InlineData(3 * 86400 + 7200, "3d2h")]
    [InlineData(400 * 86400, "400d")]
    [InlineData(-3, "0s")]
    public void Shows_ages_as_kubectl_does(int seconds, string text) =>
        Assert.Equal(text, Age.Render(TimeSpan.FromSeconds(seconds)));
}
