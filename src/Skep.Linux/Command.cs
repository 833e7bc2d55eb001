namespace Skep.Linux;

/// <summary>A command to run: a program and its arguments, passed as they are.</summary>
public sealed record Command(string FileName, params string[] Arguments)
{
    /// <summary>What it reads from standard input.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>When it is killed; <see cref="CommandRunner.DefaultTimeout"/> unless said otherwise.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Where it runs; "/" unless said otherwise.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Variables added to the environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}
