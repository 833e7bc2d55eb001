using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Completion;
using Skep.Cli.Images;
using Skep.Cli.Output;
using Skep.Cli.Quickstart;

namespace Skep.Cli.Vm;

/// <summary><c>skep vm run</c>: from nothing to running machines, or to a prompt.</summary>
internal static class VmRunCommand
{
    private const string TypeDefault = "t3.small";
    private const int CountMax = 1000;

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var image = new Option<string>("--image", "-i") { Description = "The image's name or id. One that can be built or pulled is, after a question.", HelpName = "IMAGE", Required = true };
        image.CompletionSources.Add(LiveNames.Images(context));
        var type = new Option<string>("--type", "-t") { Description = "The instance type.", HelpName = "TYPE", DefaultValueFactory = _ => TypeDefault };
        type.CompletionSources.Add(LiveNames.InstanceTypes(context));
        var name = new Option<string?>("--name", "-n") { Description = "The machine's name (its Name tag); other verbs take it for the id.", HelpName = "NAME" };
        var key = new Option<string?>("--key", "-k") { Description = "The key pair to log in with (default: one that is made).", HelpName = "KEY" };
        key.CompletionSources.Add(LiveNames.KeyPairs(context));
        var publicKey = new Option<string?>("--public-key") { Description = "A public key of yours, imported as a key pair.", HelpName = "FILE" };
        var userData = new Option<string?>("--user-data") { Description = "A file for cloud-init: a script or #cloud-config.", HelpName = "FILE" };
        var disk = new Option<int?>("--disk") { Description = "Size of the root disk in GiB (default: the image's).", HelpName = "GIB" };
        var count = new Option<int>("--count", "-c") { Description = "How many machines.", HelpName = "N", DefaultValueFactory = _ => 1 };
        count.Validators.Add(result =>
        {
            if (result.Errors.Any() || result.GetValueOrDefault<int>() is >= 1 and <= CountMax)
                return;
            result.AddError($"--count must be 1 to {CountMax}");
        });
        var wait = new Option<bool>("--wait") { Description = "Return when they are running." };
        var ssh = new Option<bool>("--ssh") { Description = "Wait until the machine takes logins, and log in." };
        var timeout = Durations.Option("--timeout", "How long --wait and --ssh wait.", SshTarget.WaitDefault);
        var output = OutputOption.Create();
        var verb = new Verb(
            "run",
            "Run virtual machines.",
            "skep vm run --image debian-12 --type t3.small --ssh",
            "skep vm run -i tiny -n web --wait",
            "skep vm run -i debian-12 -t t3.medium -n db --disk 40 --public-key ~/.ssh/id_ed25519.pub",
            "skep vm run -i debian-12 -n worker -c 3 --user-data worker.yaml --yes -o name")
        {
            image, type, name, key, publicKey, userData, disk, count, wait, ssh, timeout, output,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            if (parsed.GetValue(ssh) && parsed.GetValue(count) > 1)
                throw new CliException("--ssh logs in to one machine; --count asks for several", ExitCode.Usage);
            var userDataBytes = parsed.GetValue(userData) is { } file ? await VmRunRequest.ReadUserDataAsync(file, ct) : null;
            using var client = await CloudStarter.ConnectOrStartAsync(context, parsed, isAgreed: false, [], ct);
            var request = new VmRunRequest
            {
                Image = await ImageMaker.FindOrMakeAsync(context, parsed, client, parsed.GetRequiredValue(image), isAgreed: false, ct),
                InstanceType = parsed.GetRequiredValue(type),
                Name = parsed.GetValue(name),
                UserData = userDataBytes,
                DiskGib = parsed.GetValue(disk),
                Count = parsed.GetValue(count),
            };
            await RefuseTakenNamesAsync(client, request, ct);
            request = request with
            {
                KeyName = await new KeyRing(context, client).ChooseAsync(parsed.GetValue(key), parsed.GetValue(publicKey), ct),
            };

            var ids = await request.SendAsync(client, context.Ids, ct);
            var machines = parsed.GetValue(wait) || parsed.GetValue(ssh)
                ? await VmWait.ForStateAsync(context, client, ids, "running", parsed.GetValue(timeout), ct)
                : [.. (await VmList.LoadAsync(client, ct)).All.Where(i => ids.Contains(i.Name()))];
            if (!parsed.GetValue(ssh))
            {
                await VmPrinter.WriteListAsync(context, client, machines, OutputOption.Read(parsed, output), ct);
                return ExitCode.Success;
            }

            return await LogInAsync(context, client, machines[0], parsed.GetValue(timeout), ct);
        });
        return verb;
    }

    /// <summary>Names address machines: two machines of one name could not be told apart.</summary>
    private static async Task RefuseTakenNamesAsync(SkepClient client, VmRunRequest request, CancellationToken ct)
    {
        if (request.Name is null)
            return;
        var vms = await VmList.LoadAsync(client, ct);
        var wanted = Enumerable.Range(0, request.Count).Select(request.NameOf).ToHashSet(StringComparer.Ordinal);
        if (vms.Alive.FirstOrDefault(i => i.Tag("Name") is { } taken && wanted.Contains(taken)) is { } other)
            throw new CliException($"there is a VM named {other.Tag("Name")} ({other.Name()}, {VmList.StateOf(other)})", ExitCode.Conflict, "Choose another --name, or terminate it first.");
    }

    private static async Task<int> LogInAsync(CliContext context, SkepClient client, JsonObject machine, TimeSpan timeout, CancellationToken ct)
    {
        var target = await SshTarget.OfAsync(context, client, machine, user: null, identityFile: null, ct);
        await target.WaitAsync(context, client, VmList.DisplayName(machine), timeout, ct);
        return await context.Programs.RunAttachedAsync("ssh", target.Arguments([]), ct);
    }
}
