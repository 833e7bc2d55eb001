using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Skep.SystemTests;

/// <summary>How a run of a program ended.</summary>
internal sealed record ProgramResult(int ExitCode, string Output, string Error);

/// <summary>The program under test: the published file that SKEP_PROGRAM names (./test sets it), else the debug build.</summary>
internal static class SkepProgram
{
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(2);

    /// <summary>Its path.</summary>
    public static string Path { get; } = Environment.GetEnvironmentVariable("SKEP_PROGRAM") ?? DebugBuild();

    /// <summary>Whether the published file is under test.</summary>
    public static bool IsPublished => Environment.GetEnvironmentVariable("SKEP_PROGRAM") is not null;

    /// <summary>Runs the program to its end.</summary>
    public static Task<ProgramResult> RunAsync(CancellationToken ct, params string[] arguments) => RunAsync(Path, arguments, ct);

    /// <summary>Runs any program to its end.</summary>
    public static Task<ProgramResult> RunAsync(string fileName, string[] arguments, CancellationToken ct) =>
        RunAsync(fileName, arguments, new Dictionary<string, string>(), ct);

    /// <summary>Runs any program to its end, with more in its environment.</summary>
    public static async Task<ProgramResult> RunAsync(string fileName, string[] arguments, IReadOnlyDictionary<string, string> environment, CancellationToken ct)
    {
        using var process = Start(fileName, arguments, environment);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(_timeout);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var error = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return new ProgramResult(process.ExitCode, await output, await error);
    }

    /// <summary>Starts a program with its output redirected and nothing to read.</summary>
    public static Process Start(string fileName, string[] arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(fileName, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("SKEP_DATA");
        start.Environment.Remove("NOTIFY_SOCKET");
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = new Process { StartInfo = start };
        process.Start();
        process.StandardInput.Close();
        return process;
    }

    private static string DebugBuild([CallerFilePath] string here = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "../../src/Skep/bin/Debug/net10.0/skep"));
}
