using System.CommandLine;

namespace Skep.Cli;

/// <summary>A verb with examples, which its help shows last.</summary>
internal sealed class Verb : Command
{
    /// <summary>Makes a verb. Each example is a whole command line, optionally with a comment after "  # ".</summary>
    public Verb(string name, string description, params IReadOnlyList<string> examples)
        : base(name, description) => Examples = examples;

    /// <summary>Whole command lines.</summary>
    public IReadOnlyList<string> Examples { get; }
}
