using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Skep.Bench;

/// <summary>A server of disks that takes part: a command line in which {socket} and {disk} stand for their paths.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Command">The program and its arguments.</param>
internal sealed record NbdContender(string Name, params string[] Command)
{
    private const string FurtherVariable = "SKEP_BENCH_NBD_FURTHER";
    private const string DiskPlace = "{disk}";
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan _stopTimeout = TimeSpan.FromMinutes(2);

    /// <summary>The one that the others are compared with.</summary>
    public const string Reference = "qemu-nbd";

    /// <summary>
    /// All that are installed. Further ones come from the environment, one a line, as <c>NAME=COMMAND</c> with blanks
    /// between the arguments: a log volume, another build.
    /// </summary>
    public static List<NbdContender> All()
    {
        NbdContender[] known =
        [
            new(Reference, "qemu-nbd", "-f", "raw", "-t", "-e", "16", "-k", "{socket}", "{disk}"),
            new("skep", DaemonProcess.Program, "nbd", "serve", "--socket", "{socket}", "{disk}"),
            .. Further(),
            new("nbdkit file", "nbdkit", "-f", "-U", "{socket}", "file", "{disk}"),
            new("qemu-storage-daemon", "qemu-storage-daemon", "--blockdev", "driver=file,node-name=disk,filename={disk}", "--nbd-server", "addr.type=unix,addr.path={socket}",
                "--export", "type=nbd,id=export,node-name=disk,name=,writable=on"),
        ];
        return [.. known.Where(c => IsInstalled(c.Command[0]))];
    }

    /// <summary>It serves the file that all share, and not storage of its own.</summary>
    public bool SharesDisk => Command.Any(w => w.Contains(DiskPlace, StringComparison.Ordinal));

    /// <summary>Starts it and waits until it listens.</summary>
    /// <exception cref="InvalidOperationException">It ends or does not listen.</exception>
    public async Task<Process> StartAsync(string socket, string disk, CancellationToken ct)
    {
        File.Delete(socket);
        var words = Command.Select(w => w.Replace("{socket}", socket, StringComparison.Ordinal).Replace(DiskPlace, disk, StringComparison.Ordinal)).ToList();
        var process = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        process.BeginOutputReadLine();
        using var timeout = new CancellationTokenSource(_startTimeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var timer = new PeriodicTimer(_pollPeriod, TimeProvider.System);
        while (!await AnswersAsync(socket, either.Token))
        {
            if (process.HasExited)
                throw new InvalidOperationException($"{Name} ended with {process.ExitCode}: {string.Join(' ', words)}");
            await timer.WaitForNextTickAsync(either.Token);
        }

        return process;
    }

    /// <summary>
    /// Asks it to end and waits until it has: a log-structured volume brings everything to its store first, so that the next
    /// run begins with an empty log.
    /// </summary>
    public async Task StopAsync(Process server)
    {
        using var timeout = new CancellationTokenSource(_stopTimeout, TimeProvider.System);
        try
        {
            using (var kill = Process.Start("kill", [server.Id.ToString(CultureInfo.InvariantCulture)])!)
                await kill.WaitForExitAsync(timeout.Token);
            await server.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            server.Kill();
            throw new InvalidOperationException($"{Name} did not end within {_stopTimeout} of SIGTERM");
        }
    }

    private static IEnumerable<NbdContender> Further() =>
        from line in (Environment.GetEnvironmentVariable(FurtherVariable) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        let parts = line.Split('=', 2)
        where parts.Length == 2
        select new NbdContender(parts[0], parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static bool IsInstalled(string program) =>
        program.Contains('/', StringComparison.Ordinal)
            ? File.Exists(program)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, program)));

    private static async Task<bool> AnswersAsync(string path, CancellationToken ct)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
