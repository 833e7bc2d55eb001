using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Skep.Compute.Qemu;
using Skep.Testing;

namespace Skep.Compute.Tests.Qemu;

public sealed class GuestAgentTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skep-ga-").FullName;
    private readonly TestClock _clock = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public GuestAgentTests()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _listener.Listen(1);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string SocketPath => Path.Combine(_directory, "agent.sock");

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Freezes_and_thaws_past_what_an_earlier_client_left_in_the_line()
    {
        var asked = new List<string>();
        var serving = ServeAsync(asked, "leftover of somebody else\n{\"return\":{}}\n");
        using (var agent = await GuestAgent.TryConnectAsync(SocketPath, 4711, _clock, Ct))
        {
            Assert.NotNull(agent);
            Assert.Null(await agent.FreezeAsync(Ct));
            Assert.True(await agent.ThawAsync(Ct));
        }

        await serving;
        Assert.Equal(["guest-sync-delimited", "guest-fsfreeze-freeze", "guest-fsfreeze-thaw"], asked);
    }

    [Fact]
    public async Task Says_why_a_guest_did_not_freeze()
    {
        var serving = ServeAsync([], "", freezeAnswer: """{"error":{"class":"GenericError","desc":"disabled"} }""");
        using (var agent = await GuestAgent.TryConnectAsync(SocketPath, 1, _clock, Ct))
            Assert.Contains("refused", await agent!.FreezeAsync(Ct), StringComparison.Ordinal);
        await serving;
    }

    [Fact]
    public async Task A_guest_without_an_agent_is_not_waited_for_longer_than_the_deadline()
    {
        var connecting = GuestAgent.TryConnectAsync(SocketPath, 1, _clock, Ct);
        using var silent = await _listener.AcceptAsync(Ct);
        while (_clock.TimersWaiting == 0)
            await Task.Yield();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await connecting);
    }

    [Fact]
    public async Task The_time_that_file_systems_stand_still_is_measured_from_the_question_to_the_last_answer()
    {
        var asked = new List<string>();
        var serving = ServeAsync(asked, "", onAsked: _ => _clock.Advance(TimeSpan.FromMilliseconds(20)));
        var thawed = new List<bool>();
        using (var agent = await GuestAgent.TryConnectAsync(SocketPath, 1, _clock, Ct))
        {
            var stillness = await GuestFreezing.AroundAsync(agent!, () => { asked.Add("step"); _clock.Advance(TimeSpan.FromMilliseconds(7)); return Task.CompletedTask; }, thawed.Add, _clock, Ct);
            Assert.Equal((47, null), (Math.Round(stillness.FrozenFor!.Value.TotalMilliseconds), stillness.Note)); // the clock's ticks are not .NET's
        }

        await serving;
        Assert.Equal(["guest-sync-delimited", "guest-fsfreeze-freeze", "step", "guest-fsfreeze-thaw"], asked);
        Assert.Equal([true], thawed);
    }

    [Fact]
    public async Task A_guest_is_let_go_when_the_step_takes_too_long_or_fails()
    {
        var asked = new List<string>();
        var serving = ServeAsync(asked, "");
        using (var agent = await GuestAgent.TryConnectAsync(SocketPath, 1, _clock, Ct))
        {
            var step = new TaskCompletionSource();
            var begun = new TaskCompletionSource();
            var thawed = new TaskCompletionSource<bool>();
            var freezing = GuestFreezing.AroundAsync(agent!, () => { begun.SetResult(); return step.Task; }, thawed.SetResult, _clock, Ct);
            await begun.Task;
            while (_clock.TimersWaiting == 0)
                await Task.Yield();
            _clock.Advance(GuestFreezing.StepMax);
            Assert.True(await thawed.Task);
            Assert.False(freezing.IsCompleted); // the step goes on, and is waited for
            step.SetResult();
            var stillness = await freezing;
            Assert.Null(stillness.FrozenFor);
            Assert.Contains("let go after 10 s", stillness.Note, StringComparison.Ordinal);
            await Assert.ThrowsAsync<IOException>(() => GuestFreezing.AroundAsync(agent!, () => throw new IOException("no"), _ => { }, _clock, Ct));
        }

        await serving;
        Assert.Equal(2, asked.Count(a => a == "guest-fsfreeze-thaw"));
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read_for_ever()
    {
        var connecting = GuestAgent.TryConnectAsync(SocketPath, 1, _clock, Ct);
        using var flooding = await _listener.AcceptAsync(Ct);
        var junk = new byte[200_000];
        junk.AsSpan().Fill((byte)'x');
        junk[0] = 0xFF;
        var sending = flooding.SendAsync(junk, Ct).AsTask();
        Assert.Null(await connecting);
        await Task.WhenAny(sending);
        _ = sending.Exception;
    }

    /// <summary>Answers one client until it hangs up.</summary>
    private async Task ServeAsync(List<string> asked, string before, string freezeAnswer = """{"return":2}""", Action<string>? onAsked = null)
    {
        using var client = await _listener.AcceptAsync(Ct);
        await using var stream = new NetworkStream(client);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        while (await reader.ReadLineAsync(Ct) is { } line)
        {
            using var request = JsonDocument.Parse(line.TrimStart('\u00FF'));
            var command = request.RootElement.GetProperty("execute").GetString()!;
            asked.Add(command);
            if (command.StartsWith("guest-fsfreeze", StringComparison.Ordinal))
                onAsked?.Invoke(command);
            var answer = command switch
            {
                "guest-sync-delimited" => before + "\u00FF{\"return\":" + request.RootElement.GetProperty("arguments").GetProperty("id").GetInt64() + "}",
                "guest-fsfreeze-freeze" => freezeAnswer,
                _ => """{"return":2}""",
            };
            await stream.WriteAsync(Encoding.Latin1.GetBytes(answer + "\n"), Ct);
        }
    }
}
