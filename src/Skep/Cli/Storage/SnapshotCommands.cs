using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Vm;

namespace Skep.Cli.Storage;

/// <summary><c>skep snapshot</c>.</summary>
internal static class SnapshotCommands
{
    private static readonly string[] _columns = ["Id", "Name", "State", "Progress", "Volume", "Size", "Data", "Stored", "Age"];

    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb(
        "snapshot",
        "Take snapshots of volumes, look after them, make volumes of them.",
        "skep snapshot create data --name before-upgrade",
        "skep snapshot create --vm web",
        "skep snapshot verify before-upgrade",
        "skep snapshot restore before-upgrade --name data-2")
    {
        CreateList(context),
        CreateCreate(context),
        SnapshotVerifyCommand.Create(context),
        CreateCopy(context),
        CreateRestore(context),
        CreateDelete(context),
    };

    private static Verb CreateList(CliContext context)
    {
        var output = OutputOption.Create();
        var verb = new Verb("list", "List snapshots.", "skep snapshot list", "skep snapshot list -o json") { output };
        verb.Aliases.Add("ls");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var snapshots = await StorageList.SnapshotsAsync(client, ct);
            var format = OutputOption.Read(parsed, output);
            if (format is OutputFormat.Json or OutputFormat.Yaml or OutputFormat.Name)
                StoragePrinter.WriteList(context, ApiResource.Snapshots, snapshots.All, format);
            else
                await StoragePrinter.WriteTableAsync(context, _columns, snapshots.All, s => Row(s, context.Time.GetUtcNow()), "no snapshots; `skep snapshot create VOLUME` takes one");
            return ExitCode.Success;
        });
        return verb;
    }

    private static string[] Row(JsonObject snapshot, DateTimeOffset now) =>
    [
        snapshot.Name(), snapshot.Tag("Name") ?? "-", snapshot.TextAt("status.state") ?? "pending", $"{snapshot.TextAt("status.progress") ?? "0"}%",
        snapshot.TextAt("spec.volumeId") ?? "-", $"{snapshot.TextAt("spec.volumeSizeGib")} GiB", StorageList.Size(snapshot.TextAt("status.dataBytes")),
        StorageList.Size(snapshot.TextAt("status.storedBytes")), Age.Of(snapshot.TextAt("metadata.creationTimestamp"), now),
    ];

    private static Verb CreateCreate(CliContext context)
    {
        var volume = new Argument<string?>("VOLUME") { Description = "Its id, its name, or the beginning of its id.", Arity = ArgumentArity.ZeroOrOne };
        var vm = new Option<string?>("--vm") { Description = "All volumes of a virtual machine instead, of one moment.", HelpName = "VM" };
        var name = StorageArguments.Name("snapshot");
        var description = new Option<string?>("--description") { Description = "A description.", HelpName = "TEXT" };
        var noWait = StorageArguments.NoWait();
        var timeout = StorageArguments.Timeout();
        var verb = new Verb("create", "Take a snapshot of a volume, or of all volumes of a machine. Prints ids.", "skep snapshot create data --name before-upgrade", "skep snapshot create --vm web")
        {
            volume, vm, name, description, noWait, timeout,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var word = parsed.GetValue(volume);
            if ((word is null) == (parsed.GetValue(vm) is null))
                throw new CliException("of what? Name either a volume or --vm VM", ExitCode.Usage);
            var parameters = StorageArguments.Tags("snapshot", ("Name", parsed.GetValue(name)));
            if (parsed.GetValue(description) is { } text)
                parameters = parameters.Append(("Description", text));
            var ids = word is not null
                ? [await TakeAsync(client, (await StorageList.VolumesAsync(client, ct)).Find(word).Name(), parameters, ct)]
                : await TakeAllAsync(client, (await VmList.LoadAsync(client, ct)).Find(parsed.GetValue(vm)!).Name(), parameters, ct);
            foreach (var id in ids)
            {
                if (!parsed.GetValue(noWait))
                    await StorageWait.ForSnapshotAsync(context, client, id, $"Taking snapshot {id}", parsed.GetValue(timeout), ct);
                await context.Out.WriteAsync($"{id}\n");
            }

            return ExitCode.Success;
        });
        return verb;
    }

    private static async Task<string> TakeAsync(SkepClient client, string volumeId, IEnumerable<(string, string)> parameters, CancellationToken ct) =>
        (await client.Ec2.CallAsync("CreateSnapshot", parameters.Append(("VolumeId", volumeId)), ct)).TextOf("snapshotId");

    private static async Task<List<string>> TakeAllAsync(SkepClient client, string instanceId, IEnumerable<(string, string)> parameters, CancellationToken ct)
    {
        var answer = await client.Ec2.CallAsync("CreateSnapshots", parameters.Append(("InstanceSpecification.InstanceId", instanceId)), ct);
        return [.. answer.ItemsOf("snapshotSet").Select(s => s.TextOf("snapshotId"))];
    }

    private static Verb CreateCopy(CliContext context)
    {
        var snapshot = StorageArguments.Snapshot(context);
        var name = StorageArguments.Name("copy");
        var noWait = StorageArguments.NoWait();
        var timeout = StorageArguments.Timeout();
        var verb = new Verb("copy", "Copy a snapshot. Prints the copy's id.", "skep snapshot copy before-upgrade --name kept") { snapshot, name, noWait, timeout };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var source = (await StorageList.SnapshotsAsync(client, ct)).Find(parsed.GetRequiredValue(snapshot));
            var answer = await client.Ec2.CallAsync(
                "CopySnapshot",
                [("SourceSnapshotId", source.Name()), ("SourceRegion", client.Files.Region), .. StorageArguments.Tags("snapshot", ("Name", parsed.GetValue(name)))],
                ct);
            var id = answer.TextOf("snapshotId");
            if (!parsed.GetValue(noWait))
                await StorageWait.ForSnapshotAsync(context, client, id, $"Copying {StorageList.DisplayName(source)}", parsed.GetValue(timeout), ct);
            await context.Out.WriteAsync($"{id}\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateRestore(CliContext context)
    {
        var snapshot = StorageArguments.Snapshot(context);
        var name = StorageArguments.Name("volume");
        var size = new Option<int?>("--size", "-s") { Description = "Size in GiB (default: the snapshot's).", HelpName = "GIB" };
        var pool = StorageArguments.Pool(context);
        var noWait = StorageArguments.NoWait();
        var timeout = StorageArguments.Timeout();
        var verb = new Verb("restore", "Make a new volume with a snapshot's content. Prints its id.", "skep snapshot restore before-upgrade --name data-2", "skep snapshot restore before-upgrade --size 40") { snapshot, name, size, pool, noWait, timeout };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var source = (await StorageList.SnapshotsAsync(client, ct)).Find(parsed.GetRequiredValue(snapshot));
            var parameters = new List<(string, string)> { ("SnapshotId", source.Name()), ("VolumeType", "gp3") };
            if (parsed.GetValue(size) is { } gib)
                parameters.Add(("Size", gib.ToString(CultureInfo.InvariantCulture)));
            parameters.AddRange(StorageArguments.Tags("volume", ("Name", parsed.GetValue(name)), ("skep.dev/pool", parsed.GetValue(pool))));
            var id = await VolumeCommands.MakeAsync(context, client, parameters, zone: null, !parsed.GetValue(noWait), parsed.GetValue(timeout), ct);
            await context.Out.WriteAsync($"{id}\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateDelete(CliContext context)
    {
        var snapshots = StorageArguments.Snapshots(context);
        var verb = new Verb("delete", "Delete snapshots; volumes made of them stay. Asks when a person types.", "skep snapshot delete before-upgrade", "skep snapshot delete snap-0123456789abcdef0 --yes") { snapshots };
        verb.Aliases.Add("rm");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var found = (await StorageList.SnapshotsAsync(client, ct)).FindAll(parsed.GetRequiredValue(snapshots));
            if (context.IsInteractive && !await context.ConfirmAsync(parsed, $"Delete {string.Join(", ", found.Select(StorageList.DisplayName))}?", ct))
                throw new CliException("nothing deleted", ExitCode.Declined);
            foreach (var snapshot in found)
            {
                await client.Ec2.CallAsync("DeleteSnapshot", [("SnapshotId", snapshot.Name())], ct);
                await context.Out.WriteAsync($"{StorageList.DisplayName(snapshot)} deleted\n");
            }

            return ExitCode.Success;
        });
        return verb;
    }
}
