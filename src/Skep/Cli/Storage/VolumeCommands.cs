using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Vm;

namespace Skep.Cli.Storage;

/// <summary><c>skep volume</c>.</summary>
internal static class VolumeCommands
{
    private static readonly string[] _columns = ["Id", "Name", "State", "Size", "Type", "Pool", "VM", "Device", "Age"];

    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb(
        "volume",
        "Look after the disks of virtual machines.",
        "skep volume create --size 20 --name data",
        "skep volume attach data web",
        "skep volume grow data --size 40",
        "skep volume list")
    {
        CreateList(context),
        CreateDescribe(context),
        CreateCreate(context),
        VolumeAttachCommands.CreateAttach(context),
        VolumeAttachCommands.CreateDetach(context),
        CreateGrow(context),
        CreateDelete(context),
    };

    /// <summary>What a volume is made of, as EC2 takes it, and the waiting for it; <c>skep snapshot restore</c> makes volumes too.</summary>
    public static async Task<string> MakeAsync(
        CliContext context, SkepClient client, IEnumerable<(string, string)> parameters, string? zone, bool isAwaited, TimeSpan timeout, CancellationToken ct)
    {
        zone ??= (await client.Ec2.CallAsync("DescribeAvailabilityZones", [], ct)).ItemsOf("availabilityZoneInfo").First().TextOf("zoneName");
        var token = context.Ids.NewSuffix(32); // a request that is repeated by the network makes one volume
        var made = await client.Ec2.CallAsync("CreateVolume", [.. parameters, ("AvailabilityZone", zone), ("ClientToken", token)], ct);
        var id = made.TextOf("volumeId");
        if (isAwaited)
            await StorageWait.ForVolumeAsync(context, client, id, $"Making volume {id}", timeout, ct, "available", "in-use");
        return id;
    }

    private static Verb CreateList(CliContext context)
    {
        var output = OutputOption.Create();
        var verb = new Verb("list", "List volumes.", "skep volume list", "skep volume list -o json") { output };
        verb.Aliases.Add("ls");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var volumes = await StorageList.VolumesAsync(client, ct);
            var format = OutputOption.Read(parsed, output);
            if (format is OutputFormat.Json or OutputFormat.Yaml or OutputFormat.Name)
            {
                StoragePrinter.WriteList(context, ApiResource.Volumes, volumes.All, format);
                return ExitCode.Success;
            }

            var vms = (await VmList.LoadAsync(client, ct)).All.ToDictionary(v => v.Name(), v => v.Tag("Name") ?? v.Name());
            await StoragePrinter.WriteTableAsync(context, _columns, volumes.All, v => Row(v, vms, context.Time.GetUtcNow()), "no volumes; `skep volume create --size 10` makes one");
            return ExitCode.Success;
        });
        return verb;
    }

    private static string[] Row(JsonObject volume, Dictionary<string, string> vms, DateTimeOffset now)
    {
        var vm = volume.TextAt("spec.attachment.instanceId");
        return
        [
            volume.Name(), volume.Tag("Name") ?? "-", volume.TextAt("status.state") ?? "creating", $"{volume.TextAt("spec.sizeGib")} GiB",
            volume.TextAt("spec.volumeType") ?? "", volume.TextAt("spec.poolName") ?? "default",
            vm is null ? "-" : vms.GetValueOrDefault(vm, vm), volume.TextAt("spec.attachment.device") ?? "-",
            Age.Of(volume.TextAt("metadata.creationTimestamp"), now),
        ];
    }

    private static Verb CreateDescribe(CliContext context)
    {
        var volume = StorageArguments.Volume(context);
        var output = OutputOption.Create();
        var verb = new Verb("describe", "Show one volume.", "skep volume describe data", "skep volume describe vol-0123456789abcdef0 -o yaml") { volume, output };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var found = (await StorageList.VolumesAsync(client, ct)).Find(parsed.GetRequiredValue(volume));
            var format = OutputOption.Read(parsed, output);
            if (format is not (OutputFormat.Table or OutputFormat.Wide))
            {
                new ResourcePrinter(context.Out, format).WriteDocument(ApiResource.Volumes, found);
                return ExitCode.Success;
            }

            await StoragePrinter.WriteFieldsAsync(
                context,
                ("Id", found.Name()), ("Name", found.Tag("Name")), ("State", found.TextAt("status.state")), ("Message", found.TextAt("status.message")),
                ("Size", $"{found.TextAt("spec.sizeGib")} GiB"), ("Type", found.TextAt("spec.volumeType")), ("IOPS", found.TextAt("spec.iops")),
                ("Throughput", found.TextAt("spec.throughput") is { } rate ? $"{rate} MiB/s" : null), ("Pool", found.TextAt("spec.poolName") ?? "default"),
                ("Node", found.TextAt("spec.nodeName")), ("Zone", found.TextAt("spec.availabilityZone")), ("Image", found.TextAt("spec.imageId")),
                ("Snapshot", found.TextAt("spec.snapshotId")), ("Fetching", found.TextAt("status.hydrationProgress") is { } percent ? $"{percent}% of {found.TextAt("status.hydratingFrom")}" : null),
                ("VM", found.TextAt("spec.attachment.instanceId")), ("Device", found.TextAt("spec.attachment.device")),
                ("File", found.TextAt("status.path")), ("Created", found.TextAt("metadata.creationTimestamp")));
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateCreate(CliContext context)
    {
        var size = new Option<int?>("--size", "-s") { Description = "Size in GiB (default with --snapshot: the snapshot's).", HelpName = "GIB" };
        var name = StorageArguments.Name("volume");
        var type = new Option<string>("--type", "-t") { Description = "gp2, gp3, io1, io2, st1, sc1 or standard.", HelpName = "TYPE", DefaultValueFactory = _ => "gp3" };
        var iops = new Option<int?>("--iops") { Description = "I/O operations per second.", HelpName = "N" };
        var snapshot = new Option<string?>("--snapshot") { Description = "The snapshot whose content it starts with.", HelpName = "SNAPSHOT" };
        var encrypted = new Option<bool>("--encrypted") { Description = "Encrypt it, with a key of its own (without this: if its snapshot is, or by the account's default)." };
        var pool = StorageArguments.Pool(context);
        var zone = new Option<string?>("--zone") { Description = "The availability zone (default: the first).", HelpName = "ZONE" };
        var noWait = StorageArguments.NoWait();
        var timeout = StorageArguments.Timeout();
        var verb = new Verb("create", "Make a volume, empty or from a snapshot. Prints its id.", "skep volume create --size 20 --name data", "skep volume create --snapshot snap-0123456789abcdef0 --pool fast")
        {
            size, name, type, iops, snapshot, encrypted, pool, zone, noWait, timeout,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            if (parsed.GetValue(size) is null && parsed.GetValue(snapshot) is null)
                throw new CliException("how large? --size GIB says it, or --snapshot", ExitCode.Usage);
            var parameters = new List<(string, string)> { ("VolumeType", parsed.GetRequiredValue(type)) };
            if (parsed.GetValue(size) is { } gib)
                parameters.Add(("Size", gib.ToString(CultureInfo.InvariantCulture)));
            if (parsed.GetValue(iops) is { } rate)
                parameters.Add(("Iops", rate.ToString(CultureInfo.InvariantCulture)));
            if (parsed.GetValue(snapshot) is { } word)
                parameters.Add(("SnapshotId", (await StorageList.SnapshotsAsync(client, ct)).Find(word).Name()));
            if (parsed.GetValue(encrypted))
                parameters.Add(("Encrypted", "true"));
            parameters.AddRange(StorageArguments.Tags("volume", ("Name", parsed.GetValue(name)), ("skep.dev/pool", parsed.GetValue(pool))));
            var id = await MakeAsync(context, client, parameters, parsed.GetValue(zone), !parsed.GetValue(noWait), parsed.GetValue(timeout), ct);
            await context.Out.WriteAsync($"{id}\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateGrow(CliContext context)
    {
        var volume = StorageArguments.Volume(context);
        var size = new Option<int>("--size", "-s") { Description = "The new size in GiB; a volume cannot shrink.", HelpName = "GIB", Required = true };
        var verb = new Verb("grow", "Make a volume larger, also while it is in use. The file system in it is the guest's to grow.", "skep volume grow data --size 40") { volume, size };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var found = (await StorageList.VolumesAsync(client, ct)).Find(parsed.GetRequiredValue(volume));
            var wanted = parsed.GetRequiredValue(size).ToString(CultureInfo.InvariantCulture);
            await client.Ec2.CallAsync("ModifyVolume", [("VolumeId", found.Name()), ("Size", wanted)], ct);
            await context.Out.WriteAsync($"{StorageList.DisplayName(found)} grows from {found.TextAt("spec.sizeGib")} to {wanted} GiB\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateDelete(CliContext context)
    {
        var volumes = StorageArguments.Volumes(context);
        var verb = new Verb("delete", "Delete volumes that are attached to nothing, with all that is on them. Asks when a person types.", "skep volume delete data", "skep volume delete data logs --yes") { volumes };
        verb.Aliases.Add("rm");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var found = (await StorageList.VolumesAsync(client, ct)).FindAll(parsed.GetRequiredValue(volumes));
            if (context.IsInteractive && !await context.ConfirmAsync(parsed, $"Delete {string.Join(", ", found.Select(StorageList.DisplayName))}? What is on them is lost.", ct))
                throw new CliException("nothing deleted", ExitCode.Declined);
            foreach (var volume in found)
            {
                await client.Ec2.CallAsync("DeleteVolume", [("VolumeId", volume.Name())], ct);
                await context.Out.WriteAsync($"{StorageList.DisplayName(volume)} deleted\n");
            }

            return ExitCode.Success;
        });
        return verb;
    }
}
