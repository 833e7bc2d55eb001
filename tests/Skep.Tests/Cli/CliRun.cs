using Skep.Cli;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Tests.Cli;

/// <summary>Runs command lines in this process and keeps what they wrote.</summary>
internal sealed class CliRun
{
    private readonly string? _data;

    /// <summary>A caller without a terminal, whose data directory is <paramref name="data"/>.</summary>
    public CliRun(string? data = null) => _data = data;

    public StringWriter Out { get; } = new() { NewLine = "\n" };
    public StringWriter Error { get; } = new() { NewLine = "\n" };
    public FakePrograms Programs { get; } = new();
    public TestClock Clock { get; } = new();
    public string Input { get; init; } = "";
    public bool IsInteractive { get; init; }

    public CliContext Context => field ??= new CliContext
    {
        Out = Out,
        Error = Error,
        In = new StringReader(Input),
        IsInteractive = IsInteractive,
        Environment = name => name switch { "SKEP_DATA" => _data, "HOME" => "/nonexistent", _ => null },
        Time = Clock,
        Programs = Programs,
        Ids = new RandomIdSource(bytes => bytes.Fill(7)),
    };

    /// <summary>Runs one command line; words are separated by blanks.</summary>
    public Task<int> RunAsync(string line) => RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Runs one command line.</summary>
    public Task<int> RunAsync(params string[] args) => RootCommandFactory.RunAsync(args, Context);
}
