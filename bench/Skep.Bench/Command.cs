using System.Diagnostics;

namespace Skep.Bench;

/// <summary>Programs that are run to their end.</summary>
internal static class Command
{
    /// <summary>Runs one; says how it ended and what it printed.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> TryAsync(string program, IEnumerable<string> arguments, CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var error = await process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, await output, error);
    }

    /// <summary>Runs one that must succeed; returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It does not; the message has what it printed as errors.</exception>
    public static async Task<string> RunAsync(string program, string[] arguments, CancellationToken ct)
    {
        var (code, output, error) = await TryAsync(program, arguments, ct);
        return code == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {code}: {error}{output}");
    }

    /// <summary>Whether a program is in the path.</summary>
    public static bool IsInstalled(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, program)));
}
