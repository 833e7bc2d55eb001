namespace Skep.Compute.Qmp;

/// <summary>What went wrong on a monitor.</summary>
public enum QmpFailure
{
    /// <summary>QEMU refused the command.</summary>
    Refused,

    /// <summary>No answer came in time.</summary>
    TimedOut,

    /// <summary>The connection could not be made or has ended.</summary>
    Disconnected,

    /// <summary>What came is not QMP.</summary>
    BadProtocol,
}

/// <summary>A command to QEMU's monitor failed.</summary>
public sealed class QmpException(QmpFailure failure, string message) : Exception(message)
{
    /// <summary>What went wrong.</summary>
    public QmpFailure Failure { get; } = failure;

    /// <summary>QEMU's error class, for <see cref="QmpFailure.Refused"/>: GenericError, CommandNotFound and so on.</summary>
    public string? ErrorClass { get; init; }
}
