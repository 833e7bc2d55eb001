using System.Text.Json.Nodes;
using Skep.Compute.Qmp;
using Skep.Testing;

namespace Skep.Compute.Tests.Qmp;

public sealed class QmpClientTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Negotiates_and_reads_the_version()
    {
        await using var qemu = new FakeQmp();
        await using var client = await QmpClient.ConnectAsync(qemu.Path, _second, TimeProvider.System, Ct);
        Assert.Equal("7.2.22", client.Version);
        Assert.Equal(["qmp_capabilities"], qemu.Commands);
    }

    [Fact]
    public async Task Returns_what_a_command_returns()
    {
        await using var qemu = new FakeQmp { Answer = _ => new JsonObject { ["return"] = new JsonObject { ["status"] = "running" } } };
        await using var client = await QmpClient.ConnectAsync(qemu.Path, _second, TimeProvider.System, Ct);
        var answer = await client.ExecuteAsync("query-status", Ct);
        Assert.Equal("running", answer.GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_refused_command_fails_with_QEMUs_words_and_class()
    {
        await using var qemu = new FakeQmp
        {
            Answer = _ => new JsonObject { ["error"] = new JsonObject { ["class"] = "CommandNotFound", ["desc"] = "The command fly has not been found" } },
        };
        await using var client = await QmpClient.ConnectAsync(qemu.Path, _second, TimeProvider.System, Ct);
        var ex = await Assert.ThrowsAsync<QmpException>(() => client.ExecuteAsync("fly", Ct));
        Assert.Equal((QmpFailure.Refused, "CommandNotFound", "The command fly has not been found"), (ex.Failure, ex.ErrorClass, ex.Message));
    }

    [Fact]
    public async Task Answers_find_their_commands_whatever_their_order()
    {
        await using var qemu = new FakeQmp { Answer = _ => null };
        await using var client = await QmpClient.ConnectAsync(qemu.Path, _second, TimeProvider.System, Ct);
        var first = client.ExecuteAsync("a", Ct);
        var second = client.ExecuteAsync("b", Ct);
        await qemu.SendAsync("""{"return": "two", "id": "3"}""");
        await qemu.SendAsync("""{"return": "one", "id": "2"}""");
        Assert.Equal("one", (await first).GetString());
        Assert.Equal("two", (await second).GetString());
    }

    [Fact]
    public async Task Delivers_the_events_that_matter_in_order()
    {
        await using var qemu = new FakeQmp();
        await using var client = await QmpClient.ConnectAsync(qemu.Path, _second, TimeProvider.System, Ct);
        await qemu.SendAsync("""{"event": "RTC_CHANGE", "data": {"offset": 1}, "timestamp": {"seconds": 1, "microseconds": 2}}""");
        await qemu.SendAsync("""{"event": "POWERDOWN", "timestamp": {"seconds": 1, "microseconds": 2}}""");
        await qemu.SendAsync("""{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}, "timestamp": {"seconds": 1, "microseconds": 2}}""");
        Assert.Equal(QmpEvent.PowerDown, (await client.Events.ReadAsync(Ct)).Name);
        var shutdown = await client.Events.ReadAsync(Ct);
        Assert.Equal((QmpEvent.Shutdown, "guest-shutdown"), (shutdown.Name, shutdown.Text("reason")));
    }

    [Fact]
    public async Task A_command_without_an_answer_times_out_and_the_connection_stays()
    {
        var clock = new TestClock();
        await using var qemu = new FakeQmp { Answer = name => name == "deaf" ? null : new JsonObject { ["return"] = "here" } };
        await using var client = await QmpClient.ConnectAsync(qemu.Path, _second, clock, Ct);
        var asking = client.ExecuteAsync("deaf", arguments: null, _second, Ct);
        while (clock.TimersWaiting == 0)
            await Task.Yield();
        clock.Advance(_second);
        var ex = await Assert.ThrowsAsync<QmpException>(() => asking);
        Assert.Equal((QmpFailure.TimedOut, "QEMU's monitor did not answer deaf within 1 s"), (ex.Failure, ex.Message));
        Assert.Equal("here", (await client.ExecuteAsync("other", Ct)).GetString());
    }

    [Fact]
    public async Task A_hung_up_connection_fails_what_waits_and_ends_the_events()
    {
        await using var qemu = new FakeQmp { Answer = _ => null };
        await using var client = await QmpClient.ConnectAsync(qemu.Path, _second, TimeProvider.System, Ct);
        var waiting = client.ExecuteAsync("query-status", Ct);
        await qemu.HangUpAsync();
        Assert.Equal(QmpFailure.Disconnected, (await Assert.ThrowsAsync<QmpException>(() => waiting)).Failure);
        Assert.Empty(await client.Events.ReadAllAsync(Ct).ToListAsync(Ct));
        await client.Closed;
        Assert.Equal(QmpFailure.Disconnected, (await Assert.ThrowsAsync<QmpException>(() => client.ExecuteAsync("query-status", Ct))).Failure);
    }

    [Fact]
    public async Task Nobody_listening_is_said_with_the_path()
    {
        var ex = await Assert.ThrowsAsync<QmpException>(() => QmpClient.ConnectAsync("/nonexistent/qmp.sock", _second, TimeProvider.System, Ct));
        Assert.Equal(QmpFailure.Disconnected, ex.Failure);
        Assert.StartsWith("/nonexistent/qmp.sock: ", ex.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2")]
    [InlineData("[]")]
    [InlineData("""{"QMP": {}}""")]
    [InlineData("""{"QMP": {"version": {"qemu": 7}}}""")]
    [InlineData("""{"event": 5}""")]
    public async Task Something_else_than_QMP_is_refused(string greeting)
    {
        await using var qemu = new FakeQmp(greeting);
        var ex = await Assert.ThrowsAsync<QmpException>(() => QmpClient.ConnectAsync(qemu.Path, TimeSpan.FromSeconds(10), TimeProvider.System, Ct));
        Assert.Equal(QmpFailure.BadProtocol, ex.Failure);
    }

    [Fact]
    public async Task A_line_without_end_is_refused_at_the_limit()
    {
        await using var qemu = new FakeQmp { Answer = _ => null };
        await using var client = await QmpClient.ConnectAsync(qemu.Path, _second, TimeProvider.System, Ct);
        var waiting = client.ExecuteAsync("query-status", arguments: null, TimeSpan.FromMinutes(1), Ct);
        await qemu.SendAsync(new string('x', QmpClient.LineMax + 1));
        Assert.Equal(QmpFailure.BadProtocol, (await Assert.ThrowsAsync<QmpException>(() => waiting)).Failure);
        await client.Closed;
    }
}
