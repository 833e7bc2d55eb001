using System.Globalization;
using Skep.Linux.Processes;

namespace Skep.Core.Hosting;

/// <summary>One run of the daemon, as the lock file names it: the pid and, because pids are used again, the start time.</summary>
public readonly record struct DaemonProcess(int Id, long StartTicks)
{
    /// <summary>signal(7): the daemon drains and ends.</summary>
    private const int SignalTerminate = 15;

    /// <summary>This process.</summary>
    public static DaemonProcess Current { get; } = Of(Environment.ProcessId) ?? throw new InvalidOperationException("/proc is not mounted");

    /// <summary>Whether that very process still runs.</summary>
    public bool IsRunning => Of(Id) == this;

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static DaemonProcess? Parse(string text) =>
        text.Trim().Split(' ') is [var id, var ticks]
        && int.TryParse(id, CultureInfo.InvariantCulture, out var pid)
        && long.TryParse(ticks, CultureInfo.InvariantCulture, out var start)
            ? new DaemonProcess(pid, start)
            : null;

    /// <summary>Asks it to end. False when it has ended already.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">This user may not.</exception>
    public bool TryTerminate() => new ProcessIdentity(Id, StartTicks, ProcessIdentity.CurrentBootId()).TrySignal(SignalTerminate);

    /// <inheritdoc/>
    public override string ToString() => $"{Id} {StartTicks}";

    private static DaemonProcess? Of(int id) => ProcessIdentity.Of(id) is { } process ? new DaemonProcess(id, process.StartTicks) : null;
}
