using Microsoft.Extensions.Logging;

namespace Skep.Compute.Agent;

public sealed partial class InstanceAgent
{
    [LoggerMessage(EventId = 320, Level = LogLevel.Warning, Message = "instance {Instance} could not be started: {Reason}")]
    private partial void LogStartFailed(string instance, string reason);

    [LoggerMessage(EventId = 321, Level = LogLevel.Error, Message = "machine of instance {Instance} ended on its own: {Reason}")]
    private partial void LogCrashed(string instance, string reason);

    [LoggerMessage(EventId = 322, Level = LogLevel.Warning, Message = "instance {Instance} is paused because a disk failed")]
    private partial void LogPaused(string instance);

    [LoggerMessage(EventId = 323, Level = LogLevel.Information, Message = "instance {Instance} shut itself down; behavior {Behavior}")]
    private partial void LogGuestShutDown(string instance, string behavior);

    [LoggerMessage(EventId = 324, Level = LogLevel.Information, Message = "instance {Instance} rebooted")]
    private partial void LogRebooted(string instance);

    [LoggerMessage(EventId = 325, Level = LogLevel.Information, Message = "instance {Instance} stopped")]
    private partial void LogStopped(string instance);

    [LoggerMessage(EventId = 326, Level = LogLevel.Information, Message = "instance {Instance} terminated")]
    private partial void LogTerminated(string instance);

    [LoggerMessage(EventId = 327, Level = LogLevel.Warning, Message = "guest of {Instance} did not shut down within {Deadline}")]
    private partial void LogDeadlineOver(string instance, TimeSpan deadline);

    [LoggerMessage(EventId = 328, Level = LogLevel.Warning, Message = "power button of {Instance} could not be pressed: {Reason}")]
    private partial void LogPowerDownFailed(string instance, string reason);

    [LoggerMessage(EventId = 329, Level = LogLevel.Warning, Message = "disks of {Instance} cannot be looked after now: {Reason}")]
    private partial void LogDisksNotAligned(string instance, string reason);

    [LoggerMessage(EventId = 330, Level = LogLevel.Warning, Message = "disk {Volume} of {Instance}: {Reason}")]
    private partial void LogDiskProblem(string instance, string volume, string reason);

    [LoggerMessage(EventId = 331, Level = LogLevel.Information, Message = "instance {Instance} has given back {Volume}")]
    private partial void LogDetached(string instance, string volume);
}
