using Microsoft.Extensions.Logging;

namespace Skep.Compute.Qemu;

public sealed partial class QemuHypervisor
{
    [LoggerMessage(EventId = 300, Level = LogLevel.Information, Message = "started machine of {Instance} as process {ProcessId}")]
    private partial void LogStarted(string instance, int processId);

    [LoggerMessage(EventId = 301, Level = LogLevel.Information, Message = "took hold of machine of {Instance}, process {ProcessId}")]
    private partial void LogAttached(string instance, int processId);

    [LoggerMessage(EventId = 302, Level = LogLevel.Information, Message = "process {ProcessId} of {Instance} {Exit}")]
    private partial void LogExited(string instance, int processId, string exit);

    [LoggerMessage(EventId = 303, Level = LogLevel.Warning, Message = "the monitor of {Instance} does not answer")]
    private partial void LogMonitorSilent(Exception exception, string instance);

    [LoggerMessage(EventId = 310, Level = LogLevel.Warning, Message = "the guest of {Instance} did not say that its file systems go on after a snapshot")]
    private partial void LogNotThawed(string instance);
}
