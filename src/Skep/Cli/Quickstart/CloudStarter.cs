using System.CommandLine;
using Skep.Cli.Client;

namespace Skep.Cli.Quickstart;

/// <summary>Sees to it that a daemon runs.</summary>
internal static class CloudStarter
{
    // A first start makes certificates; a large state takes a while to load.
    private static readonly TimeSpan _startTimeout = TimeSpan.FromMinutes(3);

    /// <summary>
    /// Connects to the daemon of the data directory meant, and starts one first when none runs, asking unless
    /// <paramref name="isAgreed"/> or --yes.
    /// </summary>
    /// <exception cref="CliException">It was declined, or it does not start.</exception>
    public static async Task<SkepClient> ConnectOrStartAsync(
        CliContext context, ParseResult parsed, bool isAgreed, IReadOnlyList<string> upArguments, CancellationToken ct)
    {
        var data = context.DataDirectory(parsed);
        if (await SkepClient.IsRunningAsync(data, context.Time, ct))
        {
            if (isAgreed)
                await context.Error.WriteLineAsync($"{context.Style.Paint("✓", 32)} The cloud in {data} runs");
            return context.Connect(parsed);
        }

        if (!isAgreed && !await context.ConfirmAsync(parsed, $"No daemon runs on {data}. Start it?", ct))
            throw DaemonFiles.NotRunning(data, $"no daemon runs on {data}");
        await using var progress = context.StartProgress($"Starting the cloud in {data}");
        progress.Report("");
        var result = await context.Programs.RunSelfAsync(["up", "--detach", "--data", data, .. upArguments], _startTimeout, ct);
        if (result.ExitCode != 0)
        {
            progress.Fail();
            throw new CliException($"the cloud did not start: {Said(result)}", result.ExitCode);
        }

        var client = context.Connect(parsed);
        progress.Done($"Started the cloud in {data} ({client.Files.Endpoint.Authority})");
        return client;
    }

    private static string Said(ProgramResult result)
    {
        var text = result.Error.Trim() is { Length: > 0 } error ? error : result.Output.Trim();
        return text.StartsWith("skep: ", StringComparison.Ordinal) ? text["skep: ".Length..] : text;
    }
}
