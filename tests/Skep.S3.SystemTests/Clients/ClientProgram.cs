using Skep.SystemTests;

namespace Skep.S3.SystemTests.Clients;

/// <summary>One of Debian's clients, run against one daemon.</summary>
/// <param name="daemon">The daemon.</param>
/// <param name="path">The program.</param>
/// <param name="common">Arguments before those of every call.</param>
internal sealed class ClientProgram(S3Daemon daemon, string path, params string[] common)
{
    /// <summary>A program's path; without it the test is skipped with the package's name.</summary>
    public static string Require(string path, string package)
    {
        Assert.SkipUnless(File.Exists(path), $"{path} is not installed (Debian package {package})");
        return path;
    }

    /// <summary>Runs it and returns what it printed.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var result = await TryAsync(arguments);
        Assert.True(result.ExitCode == 0, $"{path} {string.Join(' ', arguments)}: exit {result.ExitCode}\n{result.Output}\n{result.Error}");
        return result.Output;
    }

    /// <summary>Runs it, however it ends.</summary>
    public Task<ProgramResult> TryAsync(params string[] arguments) => daemon.RunAsync(path, [.. common, .. arguments], TestContext.Current.CancellationToken);
}
