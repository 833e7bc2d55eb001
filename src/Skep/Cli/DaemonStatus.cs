using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Skep.Cli.Output;
using Skep.Core.Hosting;
using Skep.Daemon;

namespace Skep.Cli;

/// <summary><c>skep status</c>: whether a daemon runs, and where.</summary>
internal static class DaemonStatus
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var output = new Option<string>("--output", "-o") { Description = "text or json.", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Verb("status", $"Show whether the daemon runs. Exits with 0 when it is ready, {ExitCode.NotRunning} when not.", "skep status", "skep status -o json | jq -r .endpoint") { output };
        command.SetAction((parsed, _) =>
        {
            var directory = context.DataDirectory(parsed);
            var state = DaemonState.FindRunning(directory);
            if (parsed.GetValue(output) == "json")
                WriteJson(context.Out, directory, state);
            else
                WriteText(context, directory, state);
            return Task.FromResult(state is { Ready: true } ? ExitCode.Success : ExitCode.NotRunning);
        });
        return command;
    }

    private static void WriteJson(TextWriter output, string directory, DaemonState? state)
    {
        var json = state is null ? new JsonObject { ["ready"] = false } : (JsonObject)JsonSerializer.SerializeToNode(state, DaemonJson.Default.DaemonState)!;
        json["running"] = state is not null;
        json["dataDirectory"] = directory;
        json["version"] ??= ProductVersion.Text;
        output.Write(JsonText.Render(json));
    }

    private static void WriteText(CliContext context, string directory, DaemonState? state)
    {
        if (state is null)
        {
            var holder = DataDirectory.FindHolder(directory);
            context.Out.Write(holder is { } process
                ? $"a daemon (process {process.ProcessId}) is starting on {directory}\n"
                : $"no daemon runs on {directory}: start it with `skep up`\n");
            return;
        }

        var age = context.Time.GetUtcNow() - state.StartTime;
        context.Out.Write($"""
            skep {state.Version} {(state.Ready ? $"is ready at {state.Endpoint}" : "is starting")}
              process  {state.Pid}, up {Describe(age)}
              S3       {state.S3Endpoint ?? state.Endpoint ?? "not yet"}
              node     {state.NodeName}{(state.Simulated ? " (machines are simulated)" : "")}
              data     {directory}

            """);
    }

    private static string Describe(TimeSpan age) => age switch
    {
        { TotalDays: >= 2 } => $"{age.TotalDays:0} days",
        { TotalHours: >= 2 } => $"{age.TotalHours:0} hours",
        { TotalMinutes: >= 2 } => $"{age.TotalMinutes:0} minutes",
        _ => $"{age.TotalSeconds:0} seconds",
    };
}
