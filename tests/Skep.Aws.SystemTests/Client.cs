using System.Diagnostics;
using Skep.Aws.Tests;

namespace Skep.Aws.SystemTests;

/// <summary>Runs an ordinary client program with the test user's credentials and nothing of the machine's configuration.</summary>
internal static class Client
{
    public static Dictionary<string, string> Environment() => new()
    {
        ["AWS_ACCESS_KEY_ID"] = AwsWorld.AccessKeyId,
        ["AWS_SECRET_ACCESS_KEY"] = AwsWorld.SecretAccessKey,
        ["AWS_DEFAULT_REGION"] = AwsWorld.Region,
        ["AWS_CONFIG_FILE"] = "/dev/null",
        ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
    };

    public static async Task<(int Code, string Output, string Error)> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken ct)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var error = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, await output, await error);
    }
}
