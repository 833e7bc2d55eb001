using System.Collections;
using System.Text;
using Skep.Cli;
using Skep.Core.Hosting;
using Skep.Linux.Processes;

namespace Skep.Daemon;

/// <summary>
/// <c>skep up --detach</c>: starts the daemon in a session of its own (a closing terminal does not end it), with its
/// output in <c>daemon.log</c> and none of this process's descriptors (whoever reads this one's output sees its end),
/// and waits until it is ready.
/// </summary>
internal sealed class DetachedStart(string dataDirectory, TimeProvider time)
{
    /// <summary>The name of the log in the data directory; the one before is daemon.log.1.</summary>
    public const string LogName = "daemon.log";

    private const long LogBytesMax = 16 * 1024 * 1024;
    private const int LogTailMax = 4_000;
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(10);

    /// <summary>A large state takes a while to load; after this long the daemon is left to itself.</summary>
    private static readonly TimeSpan _readyTimeout = TimeSpan.FromMinutes(2);

    private readonly string _logPath = Path.Combine(dataDirectory, LogName);

    /// <summary>Starts this program again with other arguments; returns when the daemon is ready.</summary>
    /// <exception cref="CliException">It ended before, or does not get ready; the message has the end of its log.</exception>
    public async Task<DaemonState> RunAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var logStart = PrepareLog();
        using var watcher = new ProcessWatcher();
        var process = DetachedProcess.Start(Command(arguments), watcher);
        using var timeout = new CancellationTokenSource(_readyTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var timer = new PeriodicTimer(_pollPeriod, time);
        try
        {
            while (!process.Exited.IsCompleted)
            {
                if (DaemonState.FindRunning(dataDirectory) is { Ready: true } state && state.Pid == process.Identity.ProcessId)
                    return state;
                await timer.WaitForNextTickAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CliException($"the daemon (process {process.Identity.ProcessId}) is not ready after {_readyTimeout.TotalMinutes:0} minutes; it goes on starting. Its log, {_logPath}, ends with:\n{ReadLog(logStart)}", ExitCode.TimedOut);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        throw new CliException($"the daemon did not start (it {await process.Exited}):\n{ReadLog(logStart)}");
    }

    private long PrepareLog()
    {
        try
        {
            DataDirectory.Prepare(dataDirectory);
            if (new FileInfo(_logPath) is { Exists: true, Length: > LogBytesMax })
                File.Move(_logPath, _logPath + ".1", overwrite: true);
            return File.Exists(_logPath) ? new FileInfo(_logPath).Length : 0;
        }
        catch (DataDirectoryException ex)
        {
            throw new CliException(ex.Message);
        }
    }

    private DetachedCommand Command(IReadOnlyList<string> arguments)
    {
        var program = Environment.ProcessPath ?? throw new CliException("this program's own path is not known");
        // A development build may run as `dotnet skep.dll`.
        string[] first = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Path.Combine(AppContext.BaseDirectory, "skep.dll")] : [];
        return new DetachedCommand(program, [.. first, .. arguments])
        {
            LogPath = _logPath,
            Environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? ""),
        };
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
