namespace Skep.SystemTests.Machines;

/// <summary>A guest, by SSH from its host.</summary>
internal sealed class Guest(Cloud cloud, string address, string keyPath)
{
    public string Address => address;

    /// <summary>Waits for its SSH server.</summary>
    public Task WaitAsync(CancellationToken ct) =>
        Cloud.WaitAsync($"SSH at {address}", async () => await TryAsync("true", ct) is (0, _, _) ? null : (await TryAsync("true", ct)).Error, ct);

    /// <summary>Runs a command that must succeed; returns what it prints.</summary>
    public async Task<string> RunAsync(string command, CancellationToken ct)
    {
        var (code, output, error) = await TryAsync(command, ct);
        Assert.True(code == 0, $"{command}: {code} {output} {error}");
        return output;
    }

    /// <summary>Runs a command.</summary>
    public async Task<(int Code, string Output, string Error)> TryAsync(string command, CancellationToken ct)
    {
        var result = await cloud.Host.RunAsync(ct, [
            "ssh", "-i", keyPath, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=5", $"root@{address}", command,
        ]);
        return (result.ExitCode, result.Output.Trim(), result.Error);
    }

    /// <summary>Another one after every boot.</summary>
    public Task<string> BootIdAsync(CancellationToken ct) => RunAsync("cat /proc/sys/kernel/random/boot_id", ct);
}
