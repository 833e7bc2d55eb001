using System.Globalization;
using System.Runtime.InteropServices;

namespace Skep.Linux;

/// <summary>
/// One run of a process: its id and, because ids are reused, when it started (clock ticks since boot, field 22 of
/// /proc/PID/stat).
/// </summary>
public readonly partial record struct ProcessIdentity(int Id, long StartTicks)
{
    /// <summary>Asks a process to end (SIGTERM).</summary>
    public const int SignalTerminate = 15;

    /// <summary>Ends a process (SIGKILL).</summary>
    public const int SignalKill = 9;

    private const int StartTicksField = 22;

    /// <summary>This process.</summary>
    public static ProcessIdentity Current { get; } = Find(Environment.ProcessId) ?? throw new InvalidOperationException("/proc is not mounted");

    /// <summary>Whether that very process still runs (or waits for its parent to notice that it ended).</summary>
    public bool IsRunning => Find(Id) == this;

    /// <summary>The process that has an id now, or null.</summary>
    public static ProcessIdentity? Find(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            // The second field, the program's name in brackets, may contain anything.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : new ProcessIdentity(id, long.Parse(fields[StartTicksField - 3], CultureInfo.InvariantCulture));
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return null; // it ended, perhaps while being read
        }
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static ProcessIdentity? Parse(string text) =>
        text.Trim().Split(' ') is [var id, var ticks]
        && int.TryParse(id, CultureInfo.InvariantCulture, out var pid)
        && long.TryParse(ticks, CultureInfo.InvariantCulture, out var start)
            ? new ProcessIdentity(pid, start)
            : null;

    /// <summary>Sends a signal, unless that process is gone. False when it is.</summary>
    /// <exception cref="IOException">The signal is not allowed.</exception>
    public bool TrySignal(int signal)
    {
        if (!IsRunning)
            return false;
        if (Kill(Id, signal) == 0)
            return true;
        const int noSuchProcess = 3;
        var error = Marshal.GetLastPInvokeError();
        return error == noSuchProcess ? false : throw new IOException($"process {Id} cannot be signalled: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Id} {StartTicks}";

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
