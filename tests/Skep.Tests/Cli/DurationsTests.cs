using Skep.Cli;

namespace Skep.Tests.Cli;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("90", 90)]
    [InlineData("10m", 600)]
    [InlineData("2h", 7200)]
    public void Reads_lengths_of_time(string text, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Durations.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("0s")]
    [InlineData("-5s")]
    [InlineData("5x")]
    [InlineData("5mm")]
    [InlineData("1.5h")]
    [InlineData("99999999999s")]
    public void Refuses_what_is_none(string text) => Assert.Null(Durations.Parse(text));

    [Theory]
    [InlineData(45, "45s")]
    [InlineData(90, "90s")]
    [InlineData(900, "15m")]
    [InlineData(7200, "2h")]
    public void Writes_them(int seconds, string text) => Assert.Equal(text, Durations.Render(TimeSpan.FromSeconds(seconds)));
}
