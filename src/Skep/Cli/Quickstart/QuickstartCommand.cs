using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Completion;
using Skep.Cli.Images;
using Skep.Cli.Output;
using Skep.Cli.Vm;

namespace Skep.Cli.Quickstart;

/// <summary>
/// <c>skep quickstart</c>: a cloud with a machine in it, from nothing. Each step finds what an earlier run left, so it can
/// be run again at any time.
/// </summary>
internal static class QuickstartCommand
{
    private const string ImageDefault = "debian-12";
    private const string NameDefault = "quickstart";

    // From what suits Debian down to what fits anywhere.
    private static readonly string[] _types = ["t3.small", "t3.micro", "t3.nano"];

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var image = new Option<string>("--image", "-i") { Description = "The image to run; made when it is missing. tiny is a quick one.", HelpName = "IMAGE", DefaultValueFactory = _ => ImageDefault };
        image.CompletionSources.Add(LiveNames.Images(context));
        image.CompletionSources.Add([.. ImageSource.Builds]);
        var type = new Option<string?>("--type", "-t") { Description = $"The instance type (default: the first that fits of {string.Join(", ", _types)}).", HelpName = "TYPE" };
        type.CompletionSources.Add(LiveNames.InstanceTypes(context));
        var name = new Option<string>("--name", "-n") { Description = "The machine's name.", HelpName = "NAME", DefaultValueFactory = _ => NameDefault };
        var listen = new Option<string?>("--listen") { Description = "Where a daemon that is started listens (see `skep up`).", HelpName = "ADDRESS:PORT" };
        var simulate = new Option<bool>("--simulate") { Description = "Start a cloud that simulates its machines." };
        var timeout = Durations.Option("--timeout", "How long the machine may take until it answers SSH.", SshTarget.WaitDefault);
        var verb = new Verb(
            "quickstart",
            "Start a cloud on this machine and a virtual machine in it, reached over SSH. Both stay up.",
            "skep quickstart",
            "skep quickstart --image tiny --yes      # seconds instead of minutes",
            "skep quickstart --data ~/cloud --listen 127.0.0.1:9998")
        {
            image, type, name, listen, simulate, timeout,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            await AgreeAsync(context, parsed, parsed.GetRequiredValue(image), ct);
            List<string> up = [.. parsed.GetValue(listen) is { } address ? ["--listen", address] : Array.Empty<string>(), .. parsed.GetValue(simulate) ? ["--simulate"] : Array.Empty<string>()];
            using var client = await CloudStarter.ConnectOrStartAsync(context, parsed, isAgreed: true, up, ct);
            var wanted = parsed.GetRequiredValue(name);
            var vms = await VmList.LoadAsync(client, ct);
            var machine = vms.Alive.FirstOrDefault(i => i.Tag("Name") == wanted && VmList.StateOf(i) != "shutting-down");
            var id = machine is not null
                ? await ReuseAsync(context, client, machine, ct)
                : await RunAsync(context, parsed, client, parsed.GetRequiredValue(image), parsed.GetValue(type) is { } only ? [only] : _types, wanted, ct);
            var running = (await VmWait.ForStateAsync(context, client, [id], "running", parsed.GetValue(timeout), ct))[0];
            if (!client.Files.IsSimulated)
            {
                var target = await SshTarget.OfAsync(context, client, running, user: null, identityFile: null, ct);
                await target.WaitAsync(context, client, VmList.DisplayName(running), parsed.GetValue(timeout), ct);
            }

            await context.Out.WriteAsync(WhatNext(context, parsed, client, running, wanted, parsed.GetRequiredValue(image)));
            return ExitCode.Success;
        });
        return verb;
    }

    /// <summary>One question before the first change; none when nobody can be asked.</summary>
    private static async Task AgreeAsync(CliContext context, ParseResult parsed, string image, CancellationToken ct)
    {
        var data = context.DataDirectory(parsed);
        if (!context.IsInteractive || await SkepClient.IsRunningAsync(data, context.Time, ct))
            return;
        if (!await context.ConfirmAsync(parsed, $"This starts a cloud in {data}, makes the image {image} and runs a virtual machine. Go on?", ct))
            throw new CliException("nothing done", ExitCode.Declined);
    }

    private static async Task<string> ReuseAsync(CliContext context, SkepClient client, JsonObject machine, CancellationToken ct)
    {
        var state = VmList.StateOf(machine);
        var display = VmList.DisplayName(machine);
        await context.Error.WriteLineAsync($"{context.Style.Paint("✓", 32)} There is a VM {display}; it is {state}");
        if (state == "stopping")
            await VmWait.ForStateAsync(context, client, [machine.Name()], "stopped", VmWait.TimeoutDefault, ct);
        if (state is "stopping" or "stopped")
            await client.Ec2.CallAsync("StartInstances", [("InstanceId.1", machine.Name())], ct);
        return machine.Name();
    }

    private static async Task<string> RunAsync(
        CliContext context, ParseResult parsed, SkepClient client, string imageName, string[] types, string name, CancellationToken ct)
    {
        var image = await ImageMaker.FindOrMakeAsync(context, parsed, client, imageName, isAgreed: true, ct);
        var key = await new KeyRing(context, client).ChooseAsync(keyName: null, publicKeyFile: null, ct);
        for (var i = 0; ; i++)
        {
            await using var progress = context.StartProgress($"Running {name} ({types[i]}, {ImageList.NameOf(image)}) through the EC2 API");
            try
            {
                var request = new VmRunRequest { Image = image, InstanceType = types[i], Name = name, KeyName = key };
                var id = (await request.SendAsync(client, context.Ids, ct))[0];
                progress.Done($"Ran {name}: {id}, a {types[i]} from {ImageList.NameOf(image)}");
                return id;
            }
            catch (AwsException ex) when (ex.AwsCode == "InsufficientInstanceCapacity" && i + 1 < types.Length)
            {
                progress.Done($"A {types[i]} does not fit on this machine; trying {types[i + 1]}");
            }
        }
    }

    private static string WhatNext(CliContext context, ParseResult parsed, SkepClient client, JsonObject machine, string name, string image)
    {
        // A wrapper script says how people call it.
        var skep = context.Environment("SKEP_COMMAND") is { Length: > 0 } command ? command : "skep";
        var data = parsed.GetValue(context.DataOption) is { Length: > 0 } named ? $" --data {named}" : "";
        var login = client.Files.IsSimulated
            ? "(machines of this cloud are simulated: there is nothing to log in to)"
            : $"{skep} vm ssh {name}{data}";
        return $"""

            The cloud is up at {client.Files.Endpoint.AbsoluteUri.TrimEnd('/')}; {VmList.DisplayName(machine)} runs at {machine.TextAt("status.privateIpAddress")}.

              Log in           {login}
              Another VM       {skep} vm run --image {image} --name web --ssh{data}
              With AWS tools   eval "$({skep} env{data})"
                               aws ec2 describe-instances
              With kubectl     kubectl get instances -w        (after the same eval)
              Look around      {skep} vm list{data}    {skep} status{data}    {skep} get{data}
              Stop             {skep} vm terminate {name}{data}    {skep} down{data}

            """;
    }
}
