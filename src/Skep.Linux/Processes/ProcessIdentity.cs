using System.Globalization;
using System.Text;

namespace Skep.Linux.Processes;

/// <summary>
/// Names one process for ever: a pid alone is used again by the kernel, a pid with its start time in one boot is not.
/// </summary>
/// <param name="ProcessId">The pid.</param>
/// <param name="StartTicks">Field 22 of /proc/PID/stat, proc(5): clock ticks after boot.</param>
/// <param name="BootId">/proc/sys/kernel/random/boot_id.</param>
public sealed record ProcessIdentity(int ProcessId, long StartTicks, string BootId)
{
    /// <summary>Asks a process to end (SIGTERM).</summary>
    public const int SignalTerminate = 15;

    /// <summary>Ends a process (SIGKILL).</summary>
    public const int SignalKill = 9;

    private const int StartTimeField = 22;

    /// <summary>This process.</summary>
    public static ProcessIdentity Current { get; } = Of(Environment.ProcessId) ?? throw new InvalidOperationException("/proc is not mounted");

    /// <summary>The running kernel's boot id.</summary>
    public static string CurrentBootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>The identity of the process that has a pid now; null when there is none.</summary>
    public static ProcessIdentity? Of(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return TryParseStartTicks(stat, out var ticks) ? new ProcessIdentity(processId, ticks, CurrentBootId()) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The arguments of a process; empty when it is gone or a zombie.</summary>
    public static IReadOnlyList<string> CommandLine(int processId)
    {
        try
        {
            var bytes = File.ReadAllBytes($"/proc/{processId}/cmdline");
            return Encoding.UTF8.GetString(bytes).TrimEnd('\0').Split('\0');
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Whether the process exists still.</summary>
    public bool IsAlive() => Of(ProcessId) == this;

    /// <summary>Sends a signal to exactly this process, however quickly its pid is used again. False when it is gone.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">This user may not signal it.</exception>
    public bool TrySignal(int signal)
    {
        using var pidfd = ProcessCalls.OpenPidfd(ProcessId);
        if (pidfd is null || !IsAlive())
            return false;
        ProcessCalls.SendSignal(pidfd, signal);
        return true;
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; null when it did not write it.</summary>
    public static ProcessIdentity? Parse(string text) =>
        text.Trim().Split(' ') is [var id, var ticks, var boot]
        && int.TryParse(id, CultureInfo.InvariantCulture, out var processId)
        && long.TryParse(ticks, CultureInfo.InvariantCulture, out var start)
            ? new ProcessIdentity(processId, start, boot)
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"{ProcessId} {StartTicks} {BootId}";

    /// <summary>All processes that were started with exactly this argument.</summary>
    public static IEnumerable<ProcessIdentity> WithArgument(string argument)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var processId))
                continue;

            // The identity is read first: if the pid changes hands in between, the older identity is no longer alive.
            var identity = Of(processId);
            if (identity is not null && CommandLine(processId).Contains(argument))
                yield return identity;
        }
    }

    internal static bool TryParseStartTicks(string stat, out long ticks)
    {
        ticks = 0;

        // The second field is the program's name in parentheses and may itself contain spaces and parentheses.
        var end = stat.LastIndexOf(')');
        if (end < 0)
            return false;
        var fields = stat[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        const int FirstFieldAfterName = 3;
        return fields.Length > StartTimeField - FirstFieldAfterName
            && fields[0] is not ("Z" or "X")
            && long.TryParse(fields[StartTimeField - FirstFieldAfterName], NumberStyles.None, CultureInfo.InvariantCulture, out ticks);
    }
}
