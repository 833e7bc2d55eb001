using System.CommandLine;
using Skep.Cli.Client;
using Skep.Cli.Terminal;
using Skep.Core.Resources;

namespace Skep.Cli;

/// <summary>What the client's verbs need beside what every verb gets.</summary>
internal sealed partial class CliContext
{
    /// <summary>How to draw on <see cref="Error"/>.</summary>
    public TerminalStyle Style { get; init; } = TerminalStyle.Plain;

    /// <summary>Programs that take over the terminal (ssh) or are this program again.</summary>
    public IProgramRunner Programs { get; init; } = new ProgramRunner();

    /// <summary>Random parts of names and client tokens.</summary>
    public IIdSource Ids { get; init; } = new RandomIdSource(null);

    /// <summary>Begins a step whose progress is shown.</summary>
    public ProgressLine StartProgress(string title) => ProgressLine.Start(Error, Style, Time, title);

    /// <summary>Connects to the daemon of the data directory meant.</summary>
    /// <exception cref="CliException">There is none; the hint says how to start it.</exception>
    public SkepClient Connect(ParseResult parsed) => SkepClient.Open(DataDirectory(parsed), Time);
}
