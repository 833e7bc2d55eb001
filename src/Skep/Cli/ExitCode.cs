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

    /// <summary>The thing that was named does not exist.</summary>
    public const int NotFound = 3;

    /// <summary>No daemon runs on the data directory, or it does not answer.</summary>
    public const int NotRunning = 4;

    /// <summary>The caller may not do this: file permissions or the cloud's policy.</summary>
    public const int Denied = 5;

    /// <summary>Something of that name exists already, or was changed meanwhile.</summary>
    public const int Conflict = 6;

    /// <summary>It did not happen within the time allowed.</summary>
    public const int TimedOut = 7;

    /// <summary>The question was answered with no, or nobody could be asked.</summary>
    public const int Declined = 8;

    /// <summary>Interrupted, as shells report SIGINT.</summary>
    public const int Interrupted = 130;
}
