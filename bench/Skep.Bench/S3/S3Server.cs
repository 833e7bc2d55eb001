using System.Diagnostics;
using System.Globalization;
using System.Net;
using Skep.Core.Identity;

namespace Skep.Bench.S3;

/// <summary>A server under measurement: Skep, or a peer that a script in bench/peers starts and ends.</summary>
internal sealed class S3Server : IAsyncDisposable
{
    private const long TicksPerSecond = 100; // USER_HZ of proc(5), the same on every Linux that .NET runs on

    private readonly Func<ValueTask> _end;
    private readonly Func<IEnumerable<int>> _processes;

    private S3Server(string name, IPEndPoint endPoint, SigV4Credentials credentials, Func<IEnumerable<int>> processes, Func<ValueTask> end)
    {
        Name = name;
        EndPoint = endPoint;
        Credentials = credentials;
        _processes = processes;
        _end = end;
    }

    public string Name { get; }

    public IPEndPoint EndPoint { get; }

    public SigV4Credentials Credentials { get; }

    /// <summary>Starts Skep on a directory, without TLS.</summary>
    public static async Task<S3Server> StartSkepAsync(string directory, int port, CancellationToken ct)
    {
        var daemon = await DaemonProcess.StartAsync(directory, ct, "--simulate", "--s3-listen", $"http://127.0.0.1:{port}");
        var credentials = new SigV4Credentials(daemon.Credentials.AccessKeyId, daemon.Credentials.SecretAccessKey, SessionToken: null);
        return new S3Server("Skep", new IPEndPoint(IPAddress.Loopback, port), credentials, () => [daemon.ProcessId], daemon.DisposeAsync);
    }

    /// <summary>Starts a peer by its script: <c>up DIRECTORY PORT</c>, <c>down DIRECTORY</c>, process ids in run/, the key in keys.</summary>
    public static async Task<S3Server> StartPeerAsync(string name, string script, string directory, int port, CancellationToken ct)
    {
        await RunAsync(script, ["up", directory, port.ToString(CultureInfo.InvariantCulture)], ct);
        var keys = Path.Combine(directory, "keys");
        var lines = File.Exists(keys) ? await File.ReadAllLinesAsync(keys, ct) : [];
        var credentials = new SigV4Credentials(ValueOf("aws_access_key_id"), ValueOf("aws_secret_access_key"), SessionToken: null);
        return new S3Server(name, new IPEndPoint(IPAddress.Loopback, port), credentials, ReadProcesses, async () => await RunAsync(script, ["down", directory], CancellationToken.None));

        string ValueOf(string key) => lines.FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?.Split('=')[1].Trim() ?? "none";

        IEnumerable<int> ReadProcesses() => Directory.EnumerateFiles(Path.Combine(directory, "run"), "*.pid").Select(f => int.Parse(File.ReadAllText(f), CultureInfo.InvariantCulture));
    }

    /// <summary>Processor time that the server's processes and their children have used.</summary>
    public TimeSpan CpuTime => TimeSpan.FromSeconds(Tree().Sum(pid => (double)Ticks(pid)) / TicksPerSecond);

    /// <summary>Resident memory of all of them, in MiB; pages that they share are counted for each.</summary>
    public double RssMib => Tree().Sum(pid => Field(pid, "VmRSS")) / 1024;

    /// <summary>The highest of it so far, in MiB.</summary>
    public double PeakMib => Tree().Sum(pid => Field(pid, "VmHWM")) / 1024;

    public ValueTask DisposeAsync() => _end();

    private HashSet<int> Tree()
    {
        var all = new HashSet<int>();
        var open = new Queue<int>(_processes());
        while (open.TryDequeue(out var pid))
        {
            if (!all.Add(pid))
                continue;
            foreach (var child in Read($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                open.Enqueue(int.Parse(child, CultureInfo.InvariantCulture));
        }

        return all;
    }

    private static long Ticks(int pid)
    {
        // Fields 14 and 15, behind the name, which may have spaces.
        var fields = Read($"/proc/{pid}/stat").Split(") ")[^1].Split(' ');
        return fields.Length < 13 ? 0 : long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
    }

    private static double Field(int pid, string name) =>
        Read($"/proc/{pid}/status").Split('\n').FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.Ordinal)) is { } line
            ? double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture)
            : 0;

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ""; // the process has ended
        }
    }

    private static async Task RunAsync(string script, string[] arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo("bash", [script, .. arguments]) { RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{script} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }
}
