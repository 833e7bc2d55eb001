using System.Text;

namespace Skep.Linux.Tests;

public sealed class CommandRunnerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly CommandRunner _runner = new(TimeProvider.System);

    [Fact]
    public async Task Passes_input_and_returns_output()
    {
        var result = await _runner.CheckAsync(new Command("cat") { Input = "a b\n"u8.ToArray() }, Ct);
        Assert.Equal("a b\n", result.Output);
    }

    [Fact]
    public async Task Arguments_are_not_read_by_a_shell()
    {
        var result = await _runner.CheckAsync(new Command("printf", "%s", "$(id) *;|"), Ct);
        Assert.Equal("$(id) *;|", result.Output);
    }

    [Fact]
    public async Task A_failure_carries_the_code_and_what_was_said()
    {
        var ex = await Assert.ThrowsAsync<CommandException>(() => _runner.CheckAsync(new Command("sh", "-c", "echo broken >&2; exit 3"), Ct));
        Assert.Equal(3, ex.Result!.ExitCode);
        Assert.Contains("broken", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_program_is_named()
    {
        var ex = await Assert.ThrowsAsync<CommandException>(() => _runner.RunAsync(new Command("no-such-program-here"), Ct));
        Assert.Contains("no-such-program-here", ex.Message, StringComparison.Ordinal);
        Assert.Null(ex.Result);
    }

    [Fact]
    public async Task A_command_that_outlives_its_time_is_killed()
    {
        var ex = await Assert.ThrowsAsync<CommandException>(
            () => _runner.RunAsync(new Command("sleep", "600") { Timeout = TimeSpan.FromMilliseconds(50) }, Ct));
        Assert.Contains("did not end within", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_past_the_cap_is_drained_and_dropped()
    {
        var result = await _runner.CheckAsync(new Command("head", "-c", $"{CommandRunner.OutputMax + 100_000}", "/dev/zero"), Ct);
        Assert.Equal(CommandRunner.OutputMax, result.Output.Length);
    }

    [Fact]
    public async Task A_command_that_ends_without_reading_its_input_is_no_error()
    {
        var result = await _runner.CheckAsync(new Command("true") { Input = Encoding.ASCII.GetBytes(new string('x', 1_000_000)) }, Ct);
        Assert.True(result.IsSuccess);
    }
}
