using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Vm;

/// <summary><c>skep vm</c>.</summary>
internal static class VmCommands
{
    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb(
        "vm",
        "Run and look after virtual machines.",
        "skep vm run --image debian-12 --type t3.small --name web --ssh",
        "skep vm list",
        "skep vm ssh web -- uptime",
        "skep vm terminate web")
    {
        VmRunCommand.Create(context),
        CreateList(context),
        VmShowCommand.Create(context),
        VmPowerCommands.CreateStart(context),
        VmPowerCommands.CreateStop(context),
        VmPowerCommands.CreateReboot(context),
        VmPowerCommands.CreateTerminate(context),
        VmSshCommand.Create(context),
        VmConsoleCommand.Create(context),
        VmLogsCommand.Create(context),
    };

    private static Verb CreateList(CliContext context)
    {
        var all = new Option<bool>("--all", "-a") { Description = "Terminated machines too; they stay visible for an hour." };
        var output = OutputOption.Create();
        var verb = new Verb(
            "list",
            "List virtual machines.",
            "skep vm list",
            "skep vm list --all -o wide",
            "skep vm list -o json | jq -r '.items[].status.privateIpAddress'")
        {
            all, output,
        };
        verb.Aliases.Add("ls");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var vms = await VmList.LoadAsync(client, ct);
            IReadOnlyList<JsonObject> shown = parsed.GetValue(all) ? vms.All : [.. vms.Alive];
            await VmPrinter.WriteListAsync(context, client, shown, OutputOption.Read(parsed, output), ct);
            return ExitCode.Success;
        });
        return verb;
    }
}
