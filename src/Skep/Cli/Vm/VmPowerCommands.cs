using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Vm;

/// <summary><c>skep vm start</c>, <c>stop</c>, <c>reboot</c> and <c>terminate</c>: each one EC2 operation.</summary>
internal static class VmPowerCommands
{
    /// <summary>start.</summary>
    public static Command CreateStart(CliContext context) => Create(context, new Power(
        "start", "Start stopped virtual machines.", "StartInstances", "running", "skep vm start web db --wait"));

    /// <summary>stop.</summary>
    public static Command CreateStop(CliContext context) => Create(context, new Power(
        "stop", "Stop virtual machines; their disks and addresses stay.", "StopInstances", "stopped", "skep vm stop web --wait", "skep vm stop web --force")
    {
        HasForce = true,
    });

    /// <summary>reboot.</summary>
    public static Command CreateReboot(CliContext context) => Create(context, new Power(
        "reboot", "Reboot running virtual machines.", "RebootInstances", null, "skep vm reboot web"));

    /// <summary>terminate.</summary>
    public static Command CreateTerminate(CliContext context) => Create(context, new Power(
        "terminate",
        "End virtual machines for good, with the disks that are marked to go with them. Asks when a person types.",
        "TerminateInstances",
        VmList.Terminated,
        "skep vm terminate web",
        "skep vm terminate web db --yes --wait")
    {
        Asks = true,
    });

    private static Verb Create(CliContext context, Power power)
    {
        var vms = VmArguments.Several(context);
        var force = new Option<bool>("--force") { Description = "Cut the power instead of asking the guest to shut down." };
        var wait = new Option<bool>("--wait") { Description = $"Return when they are {power.Target}." };
        var timeout = Durations.Option("--timeout", "How long --wait waits.", VmWait.TimeoutDefault);
        var verb = new Verb(power.Name, power.Description, power.Examples) { vms };
        if (power.HasForce)
            verb.Add(force);
        if (power.Target is not null)
        {
            verb.Add(wait);
            verb.Add(timeout);
        }

        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var found = (await VmList.LoadAsync(client, ct)).FindAll(parsed.GetRequiredValue(vms));
            if (power.Asks && context.IsInteractive && !await context.ConfirmAsync(parsed, Question(found), ct))
                throw new CliException("nothing terminated", ExitCode.Declined);

            IEnumerable<(string, string)> parameters = Ec2Api.List("InstanceId", found.Select(i => i.Name()));
            if (power.HasForce && parsed.GetValue(force))
                parameters = parameters.Append(("Force", "true"));
            var answer = await client.Ec2.CallAsync(power.Action, parameters, ct);
            foreach (var instance in found)
            {
                var change = answer.ItemsOf("instancesSet").FirstOrDefault(i => i.TextOf("instanceId") == instance.Name());
                var state = change?.ChildOf("currentState")?.TextOf("name");
                await context.Out.WriteAsync($"{VmList.DisplayName(instance)} {state ?? "reboots"}\n");
            }

            if (power.Target is { } target && parsed.GetValue(wait))
                await VmWait.ForStateAsync(context, client, [.. found.Select(i => i.Name())], target, parsed.GetValue(timeout), ct);
            return ExitCode.Success;
        });
        return verb;
    }

    private static string Question(IReadOnlyList<JsonObject> found) =>
        $"Terminate {string.Join(", ", found.Select(VmList.DisplayName))}? Their root disks go with them.";

    private sealed record Power(string Name, string Description, string Action, string? Target, params string[] Examples)
    {
        public bool HasForce { get; init; }

        public bool Asks { get; init; }
    }
}
