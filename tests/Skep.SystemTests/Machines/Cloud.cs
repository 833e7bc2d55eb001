using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Skep.SystemTests.Machines;

/// <summary>
/// A real daemon with real machines on a host of its own, and the ordinary clients beside it. When the test is over the
/// cloud is purged, and a passed test fails if anything is left.
/// </summary>
internal sealed class Cloud : IAsyncDisposable
{
    /// <summary>Free in every sandbox, so clients need not be told again after a restart.</summary>
    private const string Address = "127.0.0.1:9999";

    /// <summary>What is removed after an answer has been given is gone within this time, also on a busy machine.</summary>
    private static readonly TimeSpan _settleTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(100);

    private readonly string _root;
    private readonly string _networkBefore;

    private Cloud(HostSandbox host, string root, string networkBefore)
    {
        Host = host;
        _root = root;
        _networkBefore = networkBefore;
        DataDirectory = Path.Combine(root, "data");
    }

    /// <summary>The machine it is on.</summary>
    public HostSandbox Host { get; }

    public string DataDirectory { get; }

    /// <summary>A directory for the test's own files; goes with the cloud.</summary>
    public string Scratch => _root;

    /// <summary>The admin's token for the resource API, once a daemon has started.</summary>
    public string? Token { get; private set; }

    /// <summary>Makes the host; starts nothing.</summary>
    public static async Task<Cloud> CreateAsync(CancellationToken ct)
    {
        var host = await HostSandbox.CreateAsync(ct);
        var root = Directory.CreateTempSubdirectory("skep-m-").FullName;
        // Machines run as another user, who must be able to pass.
        File.SetUnixFileMode(root, File.GetUnixFileMode(root) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        return new Cloud(host, root, await host.DescribeNetworkAsync(ct));
    }

    /// <summary>Starts the daemon in the background.</summary>
    /// <param name="variables">Words such as A=b for its environment.</param>
    public async Task<ProgramResult> TryStartAsync(CancellationToken ct, params string[] variables)
    {
        var result = await Host.RunAsync(ct, ["env", .. variables, SkepProgram.Path, "up", "--listen", Address, "--accel", "tcg", "--detach", "--data", DataDirectory]);
        if (result.ExitCode == 0)
            Token = (string)JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(DataDirectory, "credentials.json"), ct))!["token"]!;
        return result;
    }

    /// <summary>Starts the daemon in the background; it must get ready.</summary>
    public async Task StartAsync(CancellationToken ct, params string[] variables)
    {
        var result = await TryStartAsync(ct, variables);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    /// <summary>Runs a verb on this cloud.</summary>
    public Task<ProgramResult> SkepAsync(CancellationToken ct, params string[] arguments) =>
        Host.RunAsync(ct, [SkepProgram.Path, .. arguments, "--data", DataDirectory]);

    /// <summary>Runs a verb that must succeed.</summary>
    public async Task<string> RequireSkepAsync(CancellationToken ct, params string[] arguments) => Require(arguments, await SkepAsync(ct, arguments));

    /// <summary>Runs a client as a user does after <c>eval "$(skep env)"</c>.</summary>
    public Task<ProgramResult> ClientAsync(CancellationToken ct, params string[] command) =>
        Host.RunAsync(ct, ["bash", "-eu", "-c", """eval "$("$0" env --data "$1")"; shift; "$@" """, SkepProgram.Path, DataDirectory, .. command]);

    /// <summary>Runs a client that must succeed.</summary>
    public async Task<string> RequireClientAsync(CancellationToken ct, params string[] command) => Require(command, await ClientAsync(ct, command));

    /// <summary>Makes a request of the EC2 API, once: unlike the aws command line curl does not try again when the daemon dies.</summary>
    public async Task<(int Status, string Body)> Ec2Async(CancellationToken ct, params string[] form)
    {
        var credentials = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(DataDirectory, "credentials.json"), ct))!;
        return await CurlAsync(
            ct,
            [
                "--aws-sigv4", "aws:amz:us-east-1:ec2", "--user", $"{credentials["accessKeyId"]}:{credentials["secretAccessKey"]}",
                "-H", "Content-Type: application/x-www-form-urlencoded", "--data", string.Join('&', form.Append("Version=2016-11-15")),
                $"https://{Address}/",
            ]);
    }

    /// <summary>Reads from the resource API; null when there is no such thing.</summary>
    public async Task<JsonNode?> GetAsync(string path, CancellationToken ct)
    {
        var (status, body) = await CurlAsync(ct, "-H", $"Authorization: Bearer {Token}", $"https://{Address}{path}");
        Assert.True(status is 200 or 404, $"{path}: {status} {body}");
        return status == 200 ? JsonNode.Parse(body) : null;
    }

    /// <summary>Makes any request with curl; status 0 when no answer came.</summary>
    public async Task<(int Status, string Body)> CurlAsync(CancellationToken ct, params string[] arguments)
    {
        var result = await Host.RunAsync(ct, ["curl", "--silent", "--show-error", "--cacert", Path.Combine(DataDirectory, "pki", "ca.crt"), "--write-out", "\n%{http_code}", .. arguments]);
        var end = result.Output.LastIndexOf('\n');
        return int.TryParse(result.Output[(end + 1)..], out var status) ? (status, result.Output[..end]) : (0, result.Error);
    }

    /// <summary>All instances, as the resource API has them.</summary>
    public async Task<IReadOnlyList<JsonNode>> InstancesAsync(CancellationToken ct) =>
        [.. (await GetAsync("/apis/compute.skep.dev/v1/instances", ct))!["items"]!.AsArray().Select(i => i!)];

    /// <summary>Waits for an instance to be in one of some states.</summary>
    public async Task<JsonNode> WaitForStateAsync(string id, CancellationToken ct, params string[] states)
    {
        JsonNode? last = null;
        await WaitAsync($"{id} to be {string.Join(" or ", states)}", async () =>
        {
            last = (await InstancesAsync(ct)).FirstOrDefault(i => (string?)i["metadata"]!["name"] == id);
            return last is not null && states.Contains((string?)last["status"]?["state"]) ? null : last?["status"]?.ToJsonString() ?? "there is no such instance";
        }, ct);
        return last!;
    }

    /// <summary>Polls until there is nothing to complain of any more.</summary>
    public static async Task WaitAsync(string what, Func<Task<string?>> complaint, CancellationToken ct)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(_pollPeriod);
        while (await complaint() is { } last)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < _settleTimeout, $"waited {_settleTimeout.TotalSeconds} s for {what}; last: {last}");
            await timer.WaitForNextTickAsync(ct);
        }
    }

    /// <summary>The daemon's process id; null when none runs.</summary>
    public async Task<int?> PidAsync(CancellationToken ct) => (int?)JsonNode.Parse((await SkepAsync(ct, "status", "-o", "json")).Output)?["pid"];

    /// <summary>Ends the daemon as a power cut would.</summary>
    public async Task KillAsync(CancellationToken ct)
    {
        if (await PidAsync(ct) is not { } pid)
            return;
        using var process = Process.GetProcessById(pid);
        process.Kill();
        await process.WaitForExitAsync(ct);
    }

    /// <summary>Fails unless, within a while, nothing is left of any machine: all of them are terminated.</summary>
    public Task RequireNoLeaksAsync(CancellationToken ct) => WaitAsync("everything of terminated machines to be gone", async () =>
    {
        var volumes = (await GetAsync("/apis/storage.skep.dev/v1/volumes", ct))!["items"]!.AsArray();
        var interfaces = (await GetAsync("/apis/network.skep.dev/v1/networkinterfaces", ct))!["items"]!.AsArray();
        if (volumes.Count + interfaces.Count > 0)
            return $"{volumes.Count} volumes, {interfaces.Count} interfaces";
        return await FindLeaksAsync(ct);
    }, ct);

    /// <summary>What is on the host that an idle cloud does not have; null when there is nothing.</summary>
    public async Task<string?> FindLeaksAsync(CancellationToken ct)
    {
        var found = new List<string>();
        found.AddRange(Leaks.Processes(DataDirectory).Select(p => $"process {p}"));
        // Once a volume was made of a snapshot, the daemon serves snapshots on a socket there for as long as it runs.
        found.AddRange(Leaks.Files(Host.PathOf(DataDirectory), "instances", "volumes").Where(f => Path.GetFileName(f) != "snapshots.sock"));
        var network = await Host.DescribeNetworkAsync(ct);
        if (network != _networkBefore)
            found.Add($"the host's network is\n{network}and was\n{_networkBefore}");
        return found.Count > 0 ? string.Join("\n", found) : null;
    }

    public async ValueTask DisposeAsync()
    {
        var purge = await SkepAsync(CancellationToken.None, "down", "--purge", "--yes");
        var left = await FindLeaksAsync(CancellationToken.None);
        if (Directory.Exists(DataDirectory))
            left += $"\n{DataDirectory} is still there";
        var log = Path.Combine(DataDirectory, "daemon.log");
        if (left is not null && File.Exists(log))
            left += $"\n{await File.ReadAllTextAsync(log, CancellationToken.None)}";
        foreach (var (pid, _) in Leaks.Processes(DataDirectory))
            Process.GetProcessById(pid).Kill();
        await Host.DisposeAsync();
        Directory.Delete(_root, recursive: true);
        if (TestContext.Current.TestState?.Result is not TestResult.Failed)
        {
            Assert.True(purge.ExitCode == 0, purge.Error);
            Assert.True(left is null, left);
        }
    }

    private static string Require(string[] command, ProgramResult result)
    {
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', command)}: exit code {result.ExitCode}\n{result.Output}{result.Error}");
        return result.Output.Trim();
    }
}
