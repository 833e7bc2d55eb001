using Skep.Cli;

namespace Skep.Tests.Cli;

/// <summary>Records the programs that would have run.</summary>
internal sealed class FakePrograms : IProgramRunner
{
    public List<string> Lines { get; } = [];

    /// <summary>What happens when the program runs itself again.</summary>
    public Func<IReadOnlyList<string>, ProgramResult> Self { get; set; } = _ => new ProgramResult(0, "", "");

    public int ExitCode { get; set; }

    public Task<int> RunAttachedAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        Lines.Add($"{program} {string.Join(' ', arguments)}");
        return Task.FromResult(ExitCode);
    }

    public Task<ProgramResult> RunSelfAsync(IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken ct)
    {
        Lines.Add($"skep {string.Join(' ', arguments)}");
        return Task.FromResult(Self(arguments));
    }

    public Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken ct)
    {
        Lines.Add($"{program} {string.Join(' ', arguments)}");
        return Task.FromResult(new ProgramResult(ExitCode, "", ""));
    }
}
