using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Vm;

/// <summary>Waits until machines have reached a state.</summary>
internal static class VmWait
{
    /// <summary>How long machines get unless the user says otherwise.</summary>
    public static readonly TimeSpan TimeoutDefault = TimeSpan.FromMinutes(5);

    /// <summary>Waits for all of them, with progress.</summary>
    /// <returns>The machines as they are then.</returns>
    /// <exception cref="CliException">One cannot reach the state any more, or the time is over.</exception>
    public static async Task<IReadOnlyList<JsonObject>> ForStateAsync(
        CliContext context, SkepClient client, IReadOnlyList<string> ids, string state, TimeSpan timeout, CancellationToken ct)
    {
        var title = ids.Count == 1 ? $"Waiting for {ids[0]} to be {state}" : $"Waiting for {ids.Count} VMs to be {state}";
        await using var progress = context.StartProgress(title);
        using var deadline = new Deadline(context.Time, timeout, ct);
        var reached = new List<JsonObject>();
        foreach (var id in ids)
        {
            var last = "unknown";
            await deadline.RunAsync(() => $"{id} to be {state}; it is {last}", async token =>
            {
                await foreach (var instance in client.Resources.FollowAsync(ApiResource.Instances, ResourceOptions.NamespaceDefault, id, token))
                {
                    if (instance is null)
                        throw new CliException($"{id} is gone", ExitCode.NotFound);
                    last = VmList.StateOf(instance);
                    if (last == state)
                    {
                        reached.Add(instance);
                        return;
                    }

                    ThrowIfHopeless(instance, last, state);
                    progress.Report(ids.Count == 1 ? last : $"{id}: {last}", ids.Count == 1 ? null : (double)reached.Count / ids.Count);
                }
            });
        }

        progress.Done(ids.Count == 1 ? $"{VmList.DisplayName(reached[0])} is {state}" : $"{ids.Count} VMs are {state}");
        return reached;
    }

    /// <summary>Why a machine is in its state, as the cloud says it.</summary>
    public static string ReasonOf(JsonNode instance) =>
        instance.TextAt("status.stateReason.message") is { Length: > 0 } message ? $": {message}" : "";

    private static void ThrowIfHopeless(JsonObject instance, string now, string wanted)
    {
        var isEnding = now is VmList.Terminated or "shutting-down";
        // A machine that was told to run and has stopped did not survive its start.
        var isDown = wanted == "running" && now == "stopped" && instance.TextAt("spec.runState") != "Running";
        if ((isEnding && wanted != VmList.Terminated) || isDown)
            throw new CliException($"{VmList.DisplayName(instance)} will not be {wanted}: it is {now}{ReasonOf(instance)}");
    }
}
