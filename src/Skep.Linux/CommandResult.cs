namespace Skep.Linux;

/// <summary>How a command ended. Outputs are cut at the limit the caller set.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>Whether it exited with 0.</summary>
    public bool IsSuccess => ExitCode == 0;
}
