namespace Skep.Cli;

/// <summary>What the program's exit codes mean to scripts; part of its contract.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>It did not work; the message on standard error says why.</summary>
    public const int Failure = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No daemon runs on the data directory.</summary>
    public const int NotRunning = 3;

    /// <summary>Interrupted, as shells report SIGINT.</summary>
    public const int Interrupted = 130;
}
