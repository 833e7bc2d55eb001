namespace Skep.Bench;

/// <summary>A tiny guest, by SSH from its host.</summary>
internal sealed class BenchGuest(string address, string keyPath)
{
    private const string ProgramDirectory = "/run/bench"; // a tmpfs: starting a program reads no disk

    private readonly string[] _ssh =
    [
        "-i", keyPath, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
        "-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=15", $"root@{address}",
    ];

    /// <summary>Runs a command.</summary>
    public Task<(int ExitCode, string Output, string Error)> TryAsync(string command, CancellationToken ct) => Command.TryAsync("ssh", [.. _ssh, command], ct);

    /// <summary>Runs a command that must succeed; returns what it prints.</summary>
    public Task<string> RunAsync(string command, CancellationToken ct) => Command.RunAsync("ssh", [.. _ssh, command], ct);

    /// <summary>Copies a program of the host with its libraries into the guest's memory.</summary>
    /// <returns>How it is called there.</returns>
    public async Task<string> SendProgramAsync(string name, CancellationToken ct)
    {
        const string Send = """
            set -e -o pipefail
            program=$(command -v "$0")
            files=$(ldd "$program" | grep -o '/[^ ]*')
            tar -chf - -C / --transform 's|.*/||' "${program#/}" $(for f in $files; do echo "${f#/}"; done) |
              ssh "${@:2}" "mkdir -p $1 && tar -xf - -C $1"
            """;
        await Command.RunAsync("bash", ["-c", Send, name, ProgramDirectory, .. _ssh], ct);
        var loader = (await RunAsync($"ls {ProgramDirectory}/ld-linux*", ct)).Trim();
        return $"{loader} --library-path {ProgramDirectory} {ProgramDirectory}/{name}";
    }

    /// <summary>The disk whose serial number this is; null while the guest has none.</summary>
    public async Task<string?> FindDiskAsync(string serial, CancellationToken ct)
    {
        var (_, output, _) = await TryAsync($"for d in /sys/block/vd*; do [ \"$(cat $d/serial)\" = {serial} ] && echo /dev/${{d##*/}}; done", ct);
        return output.Trim() is { Length: > 0 } path ? path : null;
    }
}
