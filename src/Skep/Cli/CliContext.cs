using System.CommandLine;
using Skep.Cli.Terminal;
using Skep.Linux;

namespace Skep.Cli;

/// <summary>
/// What every verb gets: where to write, what to read, the clock, and the options that all verbs share. Tests pass one
/// with string writers.
/// </summary>
internal sealed partial class CliContext
{
    /// <summary>Results: what a script would parse.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Progress, questions and errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Answers.</summary>
    public required TextReader In { get; init; }

    /// <summary>Whether a person can be asked.</summary>
    public required bool IsInteractive { get; init; }

    /// <summary>The process's environment; null for a variable that is not set.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Runs the system's tools.</summary>
    public CommandRunner Commands => field ??= new CommandRunner(Time);

    /// <summary><c>--data DIR</c>: known to every verb.</summary>
    public Option<string?> DataOption { get; } = new("--data")
    {
        Description = "The data directory of the daemon meant (default: $SKEP_DATA, else /var/lib/skep as root, ~/.local/share/skep otherwise).",
        HelpName = "DIR",
        Recursive = true,
    };

    /// <summary><c>--yes</c>: known to every verb.</summary>
    public Option<bool> YesOption { get; } = new("--yes", "-y")
    {
        Description = "Answer questions with yes.",
        Recursive = true,
    };

    /// <summary>The context of a real run.</summary>
    public static CliContext ForProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        In = Console.In,
        IsInteractive = !Console.IsInputRedirected && !Console.IsErrorRedirected,
        Environment = System.Environment.GetEnvironmentVariable,
        Style = TerminalStyle.ForProcess(System.Environment.GetEnvironmentVariable),
    };

    /// <summary>The full path of the data directory meant.</summary>
    public string DataDirectory(ParseResult parsed) => Path.GetFullPath(
        NonEmpty(parsed.GetValue(DataOption)) ?? NonEmpty(Environment("SKEP_DATA")) ?? DefaultDataDirectory());

    /// <summary>Asks a person; yes without asking when <c>--yes</c> was given, no when nobody can be asked.</summary>
    public async Task<bool> ConfirmAsync(ParseResult parsed, string question, CancellationToken ct)
    {
        if (parsed.GetValue(YesOption))
            return true;
        if (!IsInteractive)
            return false;
        await Error.WriteAsync($"{question} [y/N] ");
        await Error.FlushAsync(ct);
        return await In.ReadLineAsync(ct) is { } answer && answer.Trim().ToLowerInvariant() is "y" or "yes";
    }

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private string DefaultDataDirectory()
    {
        if (System.Environment.IsPrivilegedProcess)
            return "/var/lib/skep";
        var home = NonEmpty(Environment("HOME"))
            ?? throw new CliException("HOME is not set: say where the data directory is with --data DIR");
        return Path.Combine(NonEmpty(Environment("XDG_DATA_HOME")) ?? Path.Combine(home, ".local", "share"), "skep");
    }
}
