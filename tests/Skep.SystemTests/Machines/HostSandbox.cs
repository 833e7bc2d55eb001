using System.Diagnostics;

namespace Skep.SystemTests.Machines;

/// <summary>
/// A stand-in for a whole machine: network and mount namespaces that the test makes, held by a sleeping process. What a
/// daemon does to its host (devices, routes, firewall, named namespaces) happens in here and nowhere else. Unlike under
/// <c>ip netns exec</c>, one daemon after another sees the same mounts, as on a machine.
/// </summary>
internal sealed class HostSandbox : IAsyncDisposable
{
    /// <summary>What names network namespaces must be the sandbox's own; so must be the devices that sysfs shows.</summary>
    private const string Prepare = "set -e; mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns; mount -t sysfs sysfs /sys; ip link set lo up; echo made; exec sleep infinity";

    /// <summary>Everything that is on the host's network, in a fixed order: two of these can be compared.</summary>
    private const string Describe = "ip -brief link; for f in -4 -6; do ip $f route show table all; ip $f rule; done; nft list ruleset; ls /run/netns; cat /proc/sys/net/ipv4/ip_forward";

    private readonly Process _holder;

    private HostSandbox(Process holder) => _holder = holder;

    /// <summary>Makes one; skips the test where that cannot be done.</summary>
    public static async Task<HostSandbox> CreateAsync(CancellationToken ct)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        foreach (var program in (string[])["unshare", "nsenter", "ip", "nft", "qemu-system-x86_64", "qemu-img", "curl"])
            Assert.SkipUnless(IsInstalled(program), $"{program} is not installed");
        var holder = SkepProgram.Start("unshare", ["--net", "--mount", "--propagation", "private", "--", "sh", "-c", Prepare], new Dictionary<string, string>());
        if (await holder.StandardOutput.ReadLineAsync(ct) == "made")
            return new HostSandbox(holder);
        var why = await holder.StandardError.ReadToEndAsync(ct);
        holder.Dispose();
        Assert.Skip($"no namespaces can be made here: {why}");
        throw new UnreachableException();
    }

    /// <summary>Whether a program is in the path.</summary>
    public static bool IsInstalled(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(d => File.Exists(Path.Combine(d, program)));

    /// <summary>Runs a program inside.</summary>
    public Task<ProgramResult> RunAsync(CancellationToken ct, params string[] command) => SkepProgram.RunAsync("nsenter", Enter(command), ct);

    /// <summary>A path inside as it is seen from outside: differs where something is mounted inside.</summary>
    public string PathOf(string path) => $"/proc/{_holder.Id}/root{path}";

    /// <summary>What is on the host's network now.</summary>
    public async Task<string> DescribeNetworkAsync(CancellationToken ct)
    {
        var result = await RunAsync(ct, "sh", "-c", Describe);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output;
    }

    public async ValueTask DisposeAsync()
    {
        _holder.Kill();
        await _holder.WaitForExitAsync(CancellationToken.None);
        _holder.Dispose();
    }

    private string[] Enter(string[] command) => [$"--net=/proc/{_holder.Id}/ns/net", $"--mount=/proc/{_holder.Id}/ns/mnt", "--", .. command];
}
