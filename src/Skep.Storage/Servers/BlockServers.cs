using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Linux;
using Skep.Linux.Processes;

namespace Skep.Storage.Servers;

/// <summary>
/// Runs NBD servers for disks that machines cannot open by themselves: one <c>skep nbd serve</c> for each, which outlives
/// the daemon as machines do. The listening socket is made here and inherited, so a machine can connect at once and its
/// first request waits until the disk is open. Calls for one disk must not overlap.
/// </summary>
internal sealed partial class BlockServers(SkepOptions options, ProcessWatcher watcher, CommandRunner runner, TimeProvider time, ILogger<BlockServers> logger)
{
    private const string MachineUser = "skep-vm";
    private const long LogBytesMax = 1 << 20;

    /// <summary>A server that ends drains its log; what it cannot drain by then stays in the log.</summary>
    private static readonly TimeSpan _stopTimeout = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, DetachedProcess> _running = [];

    /// <summary>Told of a server that ended although nobody ended it. Set once.</summary>
    public Action<string>? Ended { get; set; }

    private string Folder => options.PathOf("servers");

    /// <summary>The socket of a disk's server.</summary>
    public string SocketOf(string id) => Path.Combine(Folder, id + ".sock");

    /// <summary>The socket on which a disk's server is asked for more than NBD has; there is none for one of an older program.</summary>
    public string ControlOf(string id) => Path.Combine(Folder, id + ".control");

    /// <summary>What the server printed.</summary>
    public string LogOf(string id) => Path.Combine(Folder, id + ".log");

    /// <summary>Whether the disk's server runs; one that an earlier daemon started is taken hold of again.</summary>
    public bool IsRunning(string id) => Find(id) is not null;

    /// <summary>Every disk that has a server, or had one when the daemon or the host ended.</summary>
    public IReadOnlyList<string> List() => Directory.Exists(Folder)
        ? [.. Directory.EnumerateFiles(Folder, "*.sock").Select(Path.GetFileNameWithoutExtension).OfType<string>()]
        : [];

    /// <summary>Starts the disk's server if it does not run.</summary>
    /// <param name="id">The disk: a volume's id.</param>
    /// <param name="arguments">What follows <c>skep nbd serve</c>: what is served and under which name.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="IOException">The socket cannot be made.</exception>
    /// <exception cref="CommandException">The program cannot be started.</exception>
    public async Task EnsureAsync(string id, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        if (IsRunning(id))
            return;
        var user = SystemUser.IsRoot ? await SystemUser.EnsureAsync(runner, MachineUser, ct) : null;
        Prepare(id, user);
        using var socket = UnixListener.Listen(SocketOf(id));
        using var control = UnixListener.Listen(ControlOf(id)); // stays root's
        if (user is not null)
            HostFile.SetOwner(SocketOf(id), new ProcessUser((int)user.UserId, (int)user.GroupId));
        var process = DetachedProcess.Start(
            new DetachedCommand(Environment.ProcessPath ?? "skep", [.. Program(), "nbd", "serve", "--socket", SocketOf(id), "--socket-fd", $"{DetachedCommand.FirstHandle}", "--control-fd", $"{DetachedCommand.FirstHandle + 1}", .. arguments])
            {
                LogPath = LogOf(id),
                ScopeName = SystemUser.IsRoot ? $"{options.HostPrefix}-{id}" : null,
                Handles = [socket, control],
            },
            watcher);
        Hold(id, process);
        LogStarted(id, process.Identity.ProcessId);
    }

    /// <summary>Ends the disk's server and removes what it left; what it was told to write is written.</summary>
    public async Task StopAsync(string id, CancellationToken ct)
    {
        if (!File.Exists(SocketOf(id)))
            return;
        if (Find(id) is { } process)
        {
            _running.TryRemove(id, out _); // nobody is told of an end that was asked for
            process.Identity.TrySignal(ProcessIdentity.SignalTerminate);
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(ct);
            if (await Task.WhenAny(process.Exited, Task.Delay(_stopTimeout, time, timer.Token)) != process.Exited)
            {
                ct.ThrowIfCancellationRequested();
                LogKilled(id, _stopTimeout.TotalSeconds);
                process.Kill();
                await process.Exited.WaitAsync(ct);
            }

            await timer.CancelAsync();
        }

        File.Delete(ControlOf(id));
        File.Delete(SocketOf(id));
        File.Delete(LogOf(id));
    }

    /// <summary>
    /// Puts another server in the place of the disk's, which is killed: it may not be able to end. What it had acknowledged is in
    /// its log.
    /// </summary>
    /// <exception cref="IOException">The socket cannot be made.</exception>
    /// <exception cref="CommandException">The program cannot be started.</exception>
    public async Task ReplaceAsync(string id, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        if (Find(id) is { } process)
        {
            _running.TryRemove(id, out _); // nobody is told of an end that was asked for
            process.Kill();
            await process.Exited.WaitAsync(ct);
        }

        await EnsureAsync(id, arguments, ct);
    }

    /// <summary>The last line that the server printed; empty when there is none.</summary>
    public string LastWords(string id)
    {
        try
        {
            return File.ReadLines(LogOf(id)).LastOrDefault() ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    private void Prepare(string id, SystemUser? user)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(Folder, Private);
        if (user is not null)
        {
            // Machines may pass through to the sockets, and nobody else.
            HostFile.SetGroup(Folder, (int)user.GroupId);
            File.SetUnixFileMode(Folder, Private | UnixFileMode.GroupExecute);
        }

        File.Delete(ControlOf(id));
        File.Delete(SocketOf(id));
        if (new FileInfo(LogOf(id)) is { Exists: true, Length: > LogBytesMax })
            File.Delete(LogOf(id));
    }

    /// <summary>A development build may run as <c>dotnet skep.dll</c>.</summary>
    private static string[] Program() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Path.Combine(AppContext.BaseDirectory, "skep.dll")] : [];

    private DetachedProcess? Find(string id)
    {
        if (_running.TryGetValue(id, out var known))
            return known;

        // The socket's path is an argument that no other process has.
        return ProcessIdentity.WithArgument(SocketOf(id)).Select(i => DetachedProcess.Adopt(i, watcher)).FirstOrDefault(p => p is not null) is { } adopted
            ? Hold(id, adopted)
            : null;
    }

    private DetachedProcess Hold(string id, DetachedProcess process)
    {
        _running[id] = process;
        _ = AwaitEndAsync(id, process);
        return process;
    }

    private async Task AwaitEndAsync(string id, DetachedProcess process)
    {
        var exit = await process.Exited;
        if (!_running.TryRemove(KeyValuePair.Create(id, process)))
            return;
        LogEnded(id, exit.ToString(), LastWords(id));
        Ended?.Invoke(id);
    }

    [LoggerMessage(EventId = 1450, Level = LogLevel.Information, Message = "the server of disk {Id} runs as process {ProcessId}")]
    private partial void LogStarted(string id, int processId);

    [LoggerMessage(EventId = 1451, Level = LogLevel.Warning, Message = "the server of disk {Id} {How}: {LastWords}")]
    private partial void LogEnded(string id, string how, string lastWords);

    [LoggerMessage(EventId = 1452, Level = LogLevel.Warning, Message = "the server of disk {Id} did not end within {Seconds} s and was killed; its log keeps what it had not drained")]
    private partial void LogKilled(string id, double seconds);
}
