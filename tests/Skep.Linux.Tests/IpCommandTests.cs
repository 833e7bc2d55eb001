using System.Net;

namespace Skep.Linux.Tests;

public sealed class IpCommandTests
{
    [Fact]
    public void Is_written_as_ip_reads_it() =>
        Assert.Equal("route replace 172.31.0.5/32 dev tap0", IpCommand.RouteToDevice(IPNetwork.Parse("172.31.0.5/32"), "tap0").ToString());

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\nlink")]
    [InlineData("a#b")]
    [InlineData("\"a")]
    [InlineData("a\\")]
    public void Refuses_a_word_that_could_become_another_command(string word) =>
        Assert.Throws<ArgumentException>(() => new IpCommand("link", "delete", word));
}
