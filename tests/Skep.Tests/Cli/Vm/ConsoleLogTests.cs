using System.Net.Sockets;
using Skep.Cli.Vm;

namespace Skep.Tests.Cli.Vm;

public sealed class ConsoleLogTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\e[32mgreen\e[0m text", "green text")]
    [InlineData("a\r\nb\a", "a\nb")]
    [InlineData("cut \e[3", "cut ")]
    [InlineData("cut \e", "cut ")]
    [InlineData("\e(Bx", "Bx")]
    public void Takes_control_sequences_out(string text, string plain) => Assert.Equal(plain, ConsoleLog.Plain(text));

    [Theory]
    [InlineData("", "abc", "abc")]
    [InlineData("abc", "abcdef", "def")]
    [InlineData("0123abc", "abcdef", "abcdef")] // the windows share nothing that is sure
    public void Prints_only_what_is_new_in_a_later_window(string seen, string now, string part) => Assert.Equal(part, VmLogsCommand.NewPart(seen, now));

    [Fact]
    public void Finds_where_a_window_has_moved_to()
    {
        var text = string.Concat(Enumerable.Range(0, 200).Select(i => $"line {i}\n"));
        Assert.Equal(text[1000..], VmLogsCommand.NewPart(text[..1000], text[300..]));
    }

    [Fact]
    public async Task Relays_both_ways_until_the_escape_key()
    {
        var ct = TestContext.Current.CancellationToken;
        using var folder = new TempDirectory();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder.Path, "s")));
        listener.Listen();
        using var near = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await near.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(folder.Path, "s")), ct);
        using var far = await listener.AcceptAsync(ct);
        using var typed = new MemoryStream("ls\n\u001dnever sent"u8.ToArray());
        using var shown = new MemoryStream();

        await VmConsoleCommand.RelayAsync(near, typed, shown, ct);

        near.Close();
        var received = new byte[64];
        var count = await far.ReceiveAsync(received, ct);
        Assert.Equal("ls\n"u8.ToArray(), received[..count]);
        Assert.Equal(0, await far.ReceiveAsync(received, ct));
    }
}
