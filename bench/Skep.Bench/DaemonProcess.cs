using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Skep.Core.Identity;
using Skep.Core.Identity.Bootstrap;

namespace Skep.Bench;

/// <summary>The published program running as a daemon: <c>SKEP_PROGRAM</c>, else <c>out/skep</c> of the checkout.</summary>
internal sealed class DaemonProcess : IAsyncDisposable
{
    private static readonly TimeSpan _readyTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(1);

    private readonly Process _process;

    private DaemonProcess(Process process, string directory, IPEndPoint endPoint, TimeSpan startTime)
    {
        _process = process;
        Directory = directory;
        EndPoint = endPoint;
        StartTime = startTime;
        Authority = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(directory, "pki", "ca.crt")));
        Credentials = AdminCredentials.Read(Path.Combine(directory, AdminCredentials.FileName))
            ?? throw new InvalidDataException($"{directory} has no {AdminCredentials.FileName}");
    }

    /// <summary>The program's path.</summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("SKEP_PROGRAM") ?? Path.Combine(FindCheckout(), "out", "skep");

    public string Directory { get; }

    public IPEndPoint EndPoint { get; }

    public X509Certificate2 Authority { get; }

    public AdminCredentials Credentials { get; }

    public int ProcessId => _process.Id;

    /// <summary>From starting the process until it says that it is ready, which the gateway confirms.</summary>
    public TimeSpan StartTime { get; }

    public Ec2Requests Requests => new(EndPoint, new SigV4Credentials(Credentials.AccessKeyId, Credentials.SecretAccessKey, SessionToken: null), Credentials.Region);

    /// <summary>Processor time used since the start.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public ApiConnection Connect() => new(EndPoint, Authority);

    /// <summary>Starts a daemon on a directory and waits until it is ready.</summary>
    public static async Task<DaemonProcess> StartAsync(string directory, CancellationToken ct, params string[] options)
    {
        var start = new ProcessStartInfo(Program, ["up", "--data", directory, "--listen", "127.0.0.1:0", .. options])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment.Remove("SKEP_DATA");
        start.Environment.Remove("NOTIFY_SOCKET");
        var time = TimeProvider.System;
        using var timeout = new CancellationTokenSource(_readyTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        var process = new Process { StartInfo = start };
        process.ErrorDataReceived += (_, e) =>
        {
            if (Environment.GetEnvironmentVariable("SKEP_BENCH_VERBOSE") is not null && e.Data is { } line)
                Console.Error.WriteLine(line);
        };
        var begin = time.GetTimestamp();
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        try
        {
            using var timer = new PeriodicTimer(_pollPeriod, time);
            while (true)
            {
                if (ReadState(directory) is { } state && (int?)state["pid"] == process.Id && (bool?)state["ready"] is true)
                {
                    var elapsed = time.GetElapsedTime(begin);
                    var daemon = new DaemonProcess(process, directory, IPEndPoint.Parse((string)state["address"]!), elapsed);
                    await daemon.ConfirmReadyAsync(either.Token);
                    return daemon;
                }

                if (process.HasExited)
                    throw new InvalidOperationException($"{Program} ended with exit code {process.ExitCode}; SKEP_BENCH_VERBOSE=1 shows its log");
                await timer.WaitForNextTickAsync(either.Token);
            }
        }
        catch
        {
            if (!process.HasExited)
                process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <summary>Resident memory by /proc/PID/status: all of it, and the part that no file backs. In MiB.</summary>
    public (double Rss, double Anonymous) ReadMemory()
    {
        var lines = File.ReadAllLines($"/proc/{ProcessId}/status");
        return (Field("VmRSS"), Field("RssAnon"));

        double Field(string name) =>
            double.Parse(lines.First(l => l.StartsWith(name + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>A request of the resource API, signed in as the admin.</summary>
    public byte[] ResourceRequest(string method, string pathAndQuery, string contentType, byte[] body) =>
    [
        .. System.Text.Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"{method} {pathAndQuery} HTTP/1.1\r\nHost: {EndPoint}\r\nAuthorization: Bearer {Credentials.Token}\r\nContent-Type: {contentType}\r\nContent-Length: {body.Length}\r\n\r\n")),
        .. body,
    ];

    /// <summary>Ends the daemon as a service manager does.</summary>
    public async ValueTask DisposeAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", ProcessId.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Authority.Dispose();
    }

    private async Task ConfirmReadyAsync(CancellationToken ct)
    {
        await using var connection = Connect();
        await using var answer = await connection.OpenAsync(ResourceRequest("GET", "/readyz", "text/plain", []), ct);
    }

    private static JsonNode? ReadState(string directory)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(Path.Combine(directory, "daemon.json")));
        }
        catch (IOException)
        {
            return null; // it has not come that far
        }
    }

    /// <summary>The checkout that the benchmark was built in.</summary>
    public static string FindCheckout()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Skep.slnx")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("run this inside a checkout, or name the program in SKEP_PROGRAM");
        return directory;
    }
}
