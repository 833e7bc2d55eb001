namespace Skep.Linux;

/// <summary>A command could not be started, ran out of time, or failed; the message carries what it printed.</summary>
public sealed class CommandException(string message, CommandResult? result) : Exception(message)
{
    /// <summary>How it ended; null when it never ran to its end.</summary>
    public CommandResult? Result { get; } = result;
}
