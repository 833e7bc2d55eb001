using Skep.Linux.Processes;

namespace Skep.Linux.Tests.Processes;

public sealed class DetachedProcessTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("skep-process-");
    private readonly ProcessWatcher _watcher = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Log => Path.Combine(_directory.FullName, "log");

    public void Dispose()
    {
        _watcher.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Output_goes_to_the_file_and_the_exit_code_is_known()
    {
        var process = Start("sh", "-c", "echo out; echo err >&2; exit 7");
        Assert.Equal("exited with code 7", (await process.Exited.WaitAsync(Ct)).ToString());
        Assert.Equal("out\nerr\n", await File.ReadAllTextAsync(Log, Ct));
        Assert.Null(ProcessIdentity.Of(process.Identity.ProcessId)); // no zombie either
    }

    [Fact]
    public async Task It_has_a_session_and_descriptors_of_its_own()
    {
        using var secret = File.OpenHandle("/etc/hostname");
        using var wanted = File.OpenHandle("/etc/passwd");
        var command = Command("sh", "-c", "readlink /proc/$$/fd/*; cut -d' ' -f1,6 /proc/$$/stat; pwd; env | sort | cut -d= -f1") with { Handles = [wanted] };
        var process = DetachedProcess.Start(command, _watcher);
        await process.Exited.WaitAsync(Ct);
        var lines = await File.ReadAllLinesAsync(Log, Ct);
        var id = process.Identity.ProcessId;
        Assert.Equal(["/dev/null", Log, Log, "/etc/passwd", $"{id} {id}", "/", "LANG", "PATH", "PWD"], lines);
    }

    [Fact]
    public async Task It_has_the_environment_that_it_is_given_and_no_other()
    {
        var command = Command("env") with { Environment = new Dictionary<string, string> { ["A"] = "b c", ["PATH"] = "/usr/bin:/bin" } };
        await DetachedProcess.Start(command, _watcher).Exited.WaitAsync(Ct);
        Assert.Equal(["A=b c", "PATH=/usr/bin:/bin"], (await File.ReadAllLinesAsync(Log, Ct)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Handles_keep_their_order_when_their_numbers_cross()
    {
        using var first = File.OpenHandle("/etc/hostname");
        using var second = File.OpenHandle("/etc/passwd");
        var process = DetachedProcess.Start(Command("sh", "-c", "readlink /proc/$$/fd/3 /proc/$$/fd/4") with { Handles = [second, first] }, _watcher);
        await process.Exited.WaitAsync(Ct);
        Assert.Equal(["/etc/passwd", "/etc/hostname"], await File.ReadAllLinesAsync(Log, Ct));
    }

    [Fact]
    public async Task It_outlives_its_watcher_and_is_adopted_by_the_next()
    {
        var earlier = new ProcessWatcher();
        var identity = DetachedProcess.Start(Command("sleep", "600"), earlier).Identity;
        earlier.Dispose();
        Assert.True(identity.IsAlive());
        var adopted = DetachedProcess.Adopt(identity, _watcher);
        adopted!.Kill();
        await adopted.Exited.WaitAsync(Ct);
        Assert.Null(DetachedProcess.Adopt(identity, _watcher));
        adopted.Kill();
    }

    [Fact]
    public async Task Another_process_with_the_same_pid_is_not_adopted()
    {
        var process = Start("sleep", "600");
        Assert.Null(DetachedProcess.Adopt(process.Identity with { StartTicks = process.Identity.StartTicks - 1 }, _watcher));
        Assert.Null(DetachedProcess.Adopt(process.Identity with { BootId = "another" }, _watcher));
        process.Kill();
        Assert.Equal("was ended by signal 9", (await process.Exited.WaitAsync(Ct)).ToString());
        process.Kill();
    }

    [Fact]
    public async Task A_process_is_found_by_an_argument_of_its_own()
    {
        // Not a shell: until its exec, the child that it forks has the same arguments.
        var marker = Path.Combine(_directory.FullName, "marker");
        await File.WriteAllTextAsync(marker, "", Ct);
        var process = Start("tail", "-f", marker);
        Assert.Equal([process.Identity], ProcessIdentity.WithArgument(marker));
        process.Kill();
        await process.Exited.WaitAsync(Ct);
        Assert.Empty(ProcessIdentity.WithArgument(marker));
    }

    [Fact]
    public void A_program_that_does_not_exist_is_named()
    {
        var ex = Assert.Throws<CommandException>(() => Start("no-such-program"));
        Assert.Equal("no-such-program cannot be started: No such file or directory", ex.Message);
    }

    [Fact]
    public void A_symbolic_link_in_place_of_the_log_is_refused()
    {
        File.CreateSymbolicLink(Log, Path.Combine(_directory.FullName, "elsewhere"));
        Assert.Throws<CommandException>(() => Start("true"));
        Assert.False(File.Exists(Path.Combine(_directory.FullName, "elsewhere")));
    }

    [Fact]
    public void The_chain_enters_scope_namespace_and_user_in_this_order()
    {
        var command = Command("qemu", "-x") with { ScopeName = "skep-i-1", NetworkNamespacePath = "/run/netns/vpc", User = new ProcessUser(7, 8) { SupplementaryGroupIds = [9] } };
        Assert.Equal(
            "systemd-run --scope --quiet --collect --unit=skep-i-1 -- nsenter --net=/run/netns/vpc -- "
            + "setpriv --reuid=7 --regid=8 --groups=9 --no-new-privs --inh-caps=-all --bounding-set=-all -- qemu -x",
            string.Join(' ', command.Chain(isSystemdRunning: true)));
        Assert.Equal("nsenter", command.Chain(isSystemdRunning: false)[0]);
    }

    [Theory]
    [InlineData("1 (sh) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 6 7", 12345)]
    [InlineData("1 (a) b (c)) R 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99 6 7", 99)]
    [InlineData("1 (sh) Z 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 6 7", null)]
    [InlineData("1 (sh) S 0", null)]
    [InlineData("", null)]
    public void The_start_time_is_found_whatever_the_program_is_called(string stat, int? expected) =>
        Assert.Equal(expected, ProcessIdentity.TryParseStartTicks(stat, out var ticks) ? (int)ticks : null);

    private DetachedProcess Start(string program, params string[] arguments) => DetachedProcess.Start(Command(program, arguments), _watcher);

    private DetachedCommand Command(string program, params string[] arguments) => new(program, arguments) { LogPath = Log };
}
