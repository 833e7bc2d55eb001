using Skep.Linux;

namespace Skep.Blocks.SystemTests.Nbd;

/// <summary>Other people's programs.</summary>
internal static class Tool
{
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(2);

    /// <summary>Skips the test where one of the programs is not installed.</summary>
    public static void Require(params string[] names)
    {
        var directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin");
        foreach (var name in names)
            Assert.SkipUnless(directories.Any(d => File.Exists(Path.Combine(d, name))), $"{name} is not installed");
    }

    /// <summary>Runs a program that is expected to succeed; the result is what it prints.</summary>
    public static async Task<string> RunAsync(string name, params string[] arguments)
    {
        var (code, output) = await TryAsync(name, arguments);
        Assert.True(code == 0, $"{name} {string.Join(' ', arguments)} ended with {code}:\n{output}");
        return output;
    }

    /// <summary>Runs a program to its end: its exit code and everything that it prints.</summary>
    public static async Task<(int Code, string Output)> TryAsync(string name, params string[] arguments)
    {
        var result = await new CommandRunner(TimeProvider.System).RunAsync(new Command(name, arguments) { Timeout = _timeout }, TestContext.Current.CancellationToken);
        return (result.ExitCode, result.Output + result.Error);
    }
}
