namespace Skep.Cli;

/// <summary>Runs programs for the user.</summary>
internal interface IProgramRunner
{
    /// <summary>
    /// Runs a program that has the terminal to itself until it ends; ctrl-C is the program's.
    /// </summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="CliException">The program cannot be started.</exception>
    Task<int> RunAttachedAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct);

    /// <summary>Runs this program with other arguments, for its exit code and what it said.</summary>
    /// <exception cref="CliException">The program cannot be started.</exception>
    Task<ProgramResult> RunSelfAsync(IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken ct);

    /// <summary>Runs a program without a terminal, for its exit code and what it said.</summary>
    /// <exception cref="CliException">The program cannot be started.</exception>
    Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken ct);
}

/// <summary>How a program ended and what it wrote.</summary>
internal sealed record ProgramResult(int ExitCode, string Output, string Error);
