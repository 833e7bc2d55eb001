using System.Diagnostics;
using System.Text;
using Skep.Cli;

namespace Skep.Daemon;

/// <summary>Starts the daemon in the background and waits until it is ready: the near side of <see cref="DetachedSession"/>.</summary>
internal sealed class DetachedStart(string dataDirectory, TimeProvider time)
{
    private const int LogTailMax = 4_000;
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(10);

    /// <summary>A large state takes a while to load; after this long the daemon is left to itself.</summary>
    private static readonly TimeSpan _readyTimeout = TimeSpan.FromMinutes(2);

    private readonly string _logPath = Path.Combine(dataDirectory, DetachedSession.LogName);

    /// <summary>Starts this program again with other arguments; returns when the daemon is ready.</summary>
    /// <exception cref="CliException">It ended before, or does not get ready; the message has the end of its log.</exception>
    public async Task<DaemonState> RunAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var logStart = File.Exists(_logPath) ? new FileInfo(_logPath).Length : 0;
        using var process = Start(arguments);
        using var timeout = new CancellationTokenSource(_readyTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var timer = new PeriodicTimer(_pollPeriod, time);
        try
        {
            while (!process.HasExited)
            {
                if (DaemonState.FindRunning(dataDirectory) is { Ready: true } state && state.Pid == process.Id)
                    return state;
                await timer.WaitForNextTickAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CliException($"the daemon (process {process.Id}) is not ready after {_readyTimeout.TotalMinutes:0} minutes; it goes on starting. Its log, {_logPath}, ends with:\n{ReadLog(logStart)}");
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        throw new CliException($"the daemon did not start (exit code {process.ExitCode}):\n{ReadLog(logStart)}");
    }

    private Process Start(IReadOnlyList<string> arguments)
    {
        var program = Environment.ProcessPath ?? throw new CliException("this program's own path is not known");
        var start = new ProcessStartInfo(program) { UseShellExecute = false, WorkingDirectory = "/" };
        // A development build may run as `dotnet skep.dll`.
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "skep.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment[DetachedSession.Variable] = dataDirectory;
        return Process.Start(start) ?? throw new CliException($"{program} cannot be started");
    }

    private string ReadLog(long from)
    {
        if (!File.Exists(_logPath))
            return "(it wrote no log)";
        using var stream = new FileStream(_logPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = from <= stream.Length ? Math.Max(from, stream.Length - LogTailMax) : 0;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().TrimEnd();
    }
}
