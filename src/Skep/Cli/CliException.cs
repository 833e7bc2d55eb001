namespace Skep.Cli;

/// <summary>An expected failure of a verb: the message is shown as it is, without a stack trace.</summary>
internal class CliException(string message, int exitCode = ExitCode.Failure, string? hint = null) : Exception(message)
{
    /// <summary>The code the program exits with.</summary>
    public int Code { get; } = exitCode;

    /// <summary>What the user can do about it, on a line of its own.</summary>
    public string? Hint { get; } = hint;
}
