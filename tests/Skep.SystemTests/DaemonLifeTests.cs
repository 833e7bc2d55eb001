using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Skep.SystemTests;

/// <summary>Start, stop, crash and restart of the real daemon, in simulation.</summary>
public sealed class DaemonLifeTests
{
    private const int NotRunning = 4;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Starts_in_the_background_says_where_it_is_and_stops()
    {
        await using var daemon = new TestDaemon();
        Assert.Equal(NotRunning, (await daemon.RunAsync(Ct, "status")).ExitCode);
        await daemon.StartAsync(Ct);

        var status = await daemon.StatusAsync(Ct);
        Assert.True((bool)status["ready"]!);
        Assert.NotEmpty((string)status["version"]!);
        Assert.StartsWith("127.0.0.1:", (string?)status["address"], StringComparison.Ordinal);
        Assert.Equal(0, (await daemon.RunAsync(Ct, "status")).ExitCode);
        using (var client = await daemon.ConnectAsync(Ct))
            Assert.Equal("ok\n", await client.GetStringAsync("/readyz", Ct));

        Assert.Equal(0, (await daemon.RunAsync(Ct, "down")).ExitCode);
        Assert.Equal(NotRunning, (await daemon.RunAsync(Ct, "status")).ExitCode);
        Assert.False(File.Exists(Path.Combine(daemon.DataDirectory, "daemon.json")));
        Assert.Equal(0, (await daemon.RunAsync(Ct, "down")).ExitCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_second_daemon_on_the_directory_is_told_who_has_it(bool detached)
    {
        await using var daemon = new TestDaemon();
        await daemon.StartAsync(Ct);
        var pid = await daemon.PidAsync(Ct);
        string[] arguments = ["up", "--simulate", "--listen", "127.0.0.1:0", .. detached ? ["--detach"] : Array.Empty<string>()];
        var result = await daemon.RunAsync(Ct, arguments);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"process {pid}", result.Error, StringComparison.Ordinal);
        Assert.Equal(pid, await daemon.PidAsync(Ct));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_taken_port_is_reported_with_its_owner(bool detached)
    {
        await using var daemon = new TestDaemon();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string[] arguments = ["up", "--simulate", "--listen", taken.LocalEndpoint.ToString()!, .. detached ? ["--detach"] : Array.Empty<string>()];
        var result = await daemon.RunAsync(Ct, arguments);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"process {Environment.ProcessId} (", result.Error, StringComparison.Ordinal);
        Assert.Contains("--listen", result.Error, StringComparison.Ordinal);
        Assert.Equal(NotRunning, (await daemon.RunAsync(Ct, "status")).ExitCode);
    }

    [Fact]
    public async Task A_directory_of_a_newer_version_is_left_alone()
    {
        await using var daemon = new TestDaemon();
        Directory.CreateDirectory(daemon.DataDirectory);
        const string marker = """{"format":99,"hostPrefix":"skabc","createdBy":"9.0"}""";
        await File.WriteAllTextAsync(Path.Combine(daemon.DataDirectory, "skep.json"), marker, Ct);
        var result = await daemon.RunAsync(Ct, "up", "--simulate", "--listen", "127.0.0.1:0");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("newer", result.Error, StringComparison.Ordinal);
        Assert.Contains("99", result.Error, StringComparison.Ordinal);
        Assert.Equal(marker, await File.ReadAllTextAsync(Path.Combine(daemon.DataDirectory, "skep.json"), Ct));
        Assert.False(File.Exists(Path.Combine(daemon.DataDirectory, "skep.db")));
    }

    [Fact]
    public async Task A_directory_with_something_else_in_it_is_left_alone()
    {
        await using var daemon = new TestDaemon();
        Directory.CreateDirectory(daemon.DataDirectory);
        await File.WriteAllTextAsync(Path.Combine(daemon.DataDirectory, "thesis.txt"), "precious", Ct);
        var result = await daemon.RunAsync(Ct, "up", "--simulate", "--listen", "127.0.0.1:0");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("holds no Skep data", result.Error, StringComparison.Ordinal);
        Assert.Equal(["thesis.txt"], Directory.EnumerateFileSystemEntries(daemon.DataDirectory).Select(Path.GetFileName));
        Assert.Equal(0, (await daemon.RunAsync(Ct, "down", "--purge", "--yes")).ExitCode);
        Assert.True(File.Exists(Path.Combine(daemon.DataDirectory, "thesis.txt")));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_made_is_named()
    {
        await using var daemon = new TestDaemon();
        Directory.CreateDirectory(Path.GetDirectoryName(daemon.DataDirectory)!);
        await File.WriteAllTextAsync(daemon.DataDirectory, "a file", Ct);
        var inFile = Path.Combine(daemon.DataDirectory, "below");
        var result = await SkepProgram.RunAsync(Ct, "up", "--simulate", "--listen", "0", "--detach", "--data", inFile);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(inFile, result.Error, StringComparison.Ordinal);
        result = await daemon.RunAsync(Ct, "up", "--simulate", "--listen", "0");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is a file", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_daemon_finds_everything_again()
    {
        await using var daemon = new TestDaemon();
        await daemon.StartAsync(Ct);
        var credentials = await File.ReadAllTextAsync(Path.Combine(daemon.DataDirectory, "credentials.json"), Ct);
        var authority = await File.ReadAllTextAsync(Path.Combine(daemon.DataDirectory, "pki", "ca.crt"), Ct);
        for (var round = 1; round <= 3; round++)
        {
            using (var client = await daemon.ConnectAsync(Ct))
            {
                var document = new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "ConfigMap",
                    ["metadata"] = new JsonObject { ["name"] = $"round-{round}" },
                    ["data"] = new JsonObject { ["k"] = "v" },
                };
                using var answer = await client.PostAsync("/api/v1/namespaces/default/configmaps", new StringContent(document.ToJsonString(), Encoding.UTF8, "application/json"), Ct);
                Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            }

            await daemon.KillAsync(Ct);
            Assert.Equal(NotRunning, (await daemon.RunAsync(Ct, "status")).ExitCode);
            await daemon.StartAsync(Ct);
            using (var client = await daemon.ConnectAsync(Ct))
            {
                var list = JsonNode.Parse(await client.GetStringAsync("/api/v1/namespaces/default/configmaps", Ct))!["items"]!.AsArray();
                var names = list.Select(i => (string)i!["metadata"]!["name"]!).Where(n => n.StartsWith("round-", StringComparison.Ordinal));
                Assert.Equal(Enumerable.Range(1, round).Select(r => $"round-{r}"), names);
            }
        }

        Assert.Equal(credentials, await File.ReadAllTextAsync(Path.Combine(daemon.DataDirectory, "credentials.json"), Ct));
        Assert.Equal(authority, await File.ReadAllTextAsync(Path.Combine(daemon.DataDirectory, "pki", "ca.crt"), Ct));
    }

    [Fact]
    public async Task Says_ready_to_its_service_manager_and_ends_with_0_on_SIGTERM_under_a_watch()
    {
        await using var daemon = new TestDaemon();
        Directory.CreateDirectory(Path.GetDirectoryName(daemon.DataDirectory)!);
        var notifyPath = Path.Combine(Path.GetDirectoryName(daemon.DataDirectory)!, "notify");
        using var notify = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        notify.Bind(new UnixDomainSocketEndPoint(notifyPath));
        using var process = SkepProgram.Start(
            SkepProgram.Path,
            ["up", "--simulate", "--listen", "127.0.0.1:0", "--data", daemon.DataDirectory],
            new Dictionary<string, string> { ["NOTIFY_SOCKET"] = notifyPath });
        var error = process.StandardError.ReadToEndAsync(Ct);
        var message = new byte[256];
        var length = await notify.ReceiveAsync(message, Ct);
        Assert.Equal("READY=1", Encoding.UTF8.GetString(message, 0, length));

        using var client = await daemon.ConnectAsync(Ct);
        using var watch = await client.GetAsync("/api/v1/namespaces?watch=true", HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal(HttpStatusCode.OK, watch.StatusCode);
        await SkepProgram.RunAsync("kill", ["-TERM", $"{process.Id}"], Ct);
        await process.WaitForExitAsync(Ct);
        Assert.True(process.ExitCode == 0, await error);
    }

    [Fact]
    public async Task Purge_asks_first_and_then_leaves_nothing()
    {
        await using var daemon = new TestDaemon();
        await daemon.StartAsync(Ct);
        var refused = await daemon.RunAsync(Ct, "down", "--purge");
        Assert.Equal(8, refused.ExitCode);
        Assert.Equal(0, (await daemon.RunAsync(Ct, "status")).ExitCode);

        var purged = await daemon.RunAsync(Ct, "down", "--purge", "--yes");
        Assert.True(purged.ExitCode == 0, purged.Error);
        Assert.False(Directory.Exists(daemon.DataDirectory));
    }

    [Fact]
    public async Task A_wrong_command_line_exits_with_2()
    {
        Assert.Equal(2, (await SkepProgram.RunAsync(Ct, "up", "--listen", "not-an-address")).ExitCode);
        Assert.Equal(2, (await SkepProgram.RunAsync(Ct, "no-such-verb")).ExitCode);
    }
}
