using System.Text.Json.Nodes;

namespace Skep.SystemTests;

/// <summary>The client's verbs against the real program, with simulated machines.</summary>
public sealed class CliTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Quickstart_starts_a_cloud_with_a_machine_and_finds_both_when_it_is_run_again()
    {
        await using var daemon = new TestDaemon();
        var first = await daemon.RunAsync(Ct, "quickstart", "--simulate", "--listen", "127.0.0.1:0");
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Contains("aws ec2 describe-instances", first.Output, StringComparison.Ordinal);

        var second = await daemon.RunAsync(Ct, "quickstart");
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.Contains("There is a VM quickstart", second.Error, StringComparison.Ordinal);
        Assert.Single(await ListAsync(daemon));
    }

    [Fact]
    public async Task A_machine_goes_through_its_life()
    {
        await using var daemon = new TestDaemon();
        await daemon.StartAsync(Ct);
        await SucceedAsync(daemon, "vm", "run", "--image", "debian-12", "--type", "t3.micro", "--name", "web", "--disk", "20", "--wait");
        var machine = Assert.Single(await ListAsync(daemon))!;
        var id = (string)machine["metadata"]!["name"]!;
        Assert.Equal(("running", "t3.micro"), ((string)machine["status"]!["state"]!, (string)machine["spec"]!["instanceType"]!));
        Assert.Contains(id, (await SucceedAsync(daemon, "vm", "show", id[..10])).Output, StringComparison.Ordinal);

        await SucceedAsync(daemon, "vm", "stop", "web", "--wait");
        Assert.Contains("stopped", (await SucceedAsync(daemon, "vm", "list")).Output, StringComparison.Ordinal);
        await SucceedAsync(daemon, "vm", "start", "web", "--wait");
        await SucceedAsync(daemon, "vm", "reboot", "web");
        Assert.Equal(6, (await daemon.RunAsync(Ct, "vm", "run", "--image", "debian-12", "--name", "web")).ExitCode);
        await SucceedAsync(daemon, "vm", "terminate", "web", "--wait");
        Assert.Empty(await ListAsync(daemon));
        Assert.Equal(3, (await daemon.RunAsync(Ct, "vm", "show", "db")).ExitCode);
    }

    [Fact]
    public async Task Any_kind_can_be_applied_shown_and_deleted()
    {
        await using var daemon = new TestDaemon();
        await daemon.StartAsync(Ct);
        var file = Path.Combine(daemon.DataDirectory, "map.yaml");
        await File.WriteAllTextAsync(file, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  text: |\n    one\n    two\n", Ct);
        Assert.Equal("configmap/a created\n", (await SucceedAsync(daemon, "apply", "-f", file)).Output);
        Assert.Equal("configmap/a unchanged\n", (await SucceedAsync(daemon, "apply", "-f", file)).Output);
        Assert.Contains("data:\n  text: |\n    one\n    two\n", (await SucceedAsync(daemon, "get", "cm", "a", "-o", "yaml")).Output, StringComparison.Ordinal);
        Assert.Contains("Kind: ConfigMap (v1)", (await SucceedAsync(daemon, "describe", "configmap/a")).Output, StringComparison.Ordinal);
        await SucceedAsync(daemon, "delete", "-f", file);
        Assert.Equal(3, (await daemon.RunAsync(Ct, "get", "cm", "a")).ExitCode);
    }

    [Fact]
    public async Task A_detached_daemon_lets_go_of_its_starters_pipe()
    {
        await using var daemon = new TestDaemon();
        // Comes back only when cat has seen the end of the pipe.
        var result = await SkepProgram.RunAsync("bash", ["-c", """exec 2>&1; "$0" up --detach --simulate --listen 127.0.0.1:0 --data "$1" | cat""", SkepProgram.Path, daemon.DataDirectory], Ct);
        Assert.Contains("is ready at", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bash", """source <("$0" completion bash); COMP_WORDS=("$0" vm st); COMP_LINE="$0 vm st"; COMP_POINT=${#COMP_LINE}; _skep; printf '%s ' "${COMPREPLY[@]}" """)]
    public async Task Completes_in_a_shell(string shell, string script)
    {
        var result = await SkepProgram.RunAsync(shell, ["-c", script, SkepProgram.Path], Ct);
        Assert.Equal("start stop ", result.Output);
    }

    private static async Task<ProgramResult> SucceedAsync(TestDaemon daemon, params string[] arguments)
    {
        var result = await daemon.RunAsync(Ct, arguments);
        Assert.True(result.ExitCode == 0, $"skep {string.Join(' ', arguments)} exited with {result.ExitCode}: {result.Error}");
        return result;
    }

    private static async Task<JsonArray> ListAsync(TestDaemon daemon) =>
        JsonNode.Parse((await SucceedAsync(daemon, "vm", "list", "-o", "json")).Output)!["items"]!.AsArray();
}
