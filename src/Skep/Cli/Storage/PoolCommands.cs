using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Completion;
using Skep.Cli.Output;
using Skep.Cli.Resources;

namespace Skep.Cli.Storage;

/// <summary><c>skep pool</c>.</summary>
internal static class PoolCommands
{
    private const string DefaultName = "default";
    private static readonly string[] _columns = ["Name", "Default", "Class", "State", "Size", "Free", "File-System", "Where", "Message"];
    private static readonly string[] _classes = ["local", "log"];

    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb(
        "pool",
        "Look after the places where volumes are kept.",
        "skep pool list",
        "skep pool add fast --path /mnt/nvme/skep",
        "skep pool add safe --class log --store 's3://bucket/skep?endpoint=https://s3.example:9000&credentials=/etc/skep/s3'")
    {
        CreateList(context),
        CreateAdd(context),
        CreateSetDefault(context),
        CreateRemove(context),
    };

    private static Verb CreateList(CliContext context)
    {
        var output = OutputOption.Create();
        var verb = new Verb("list", "List storage pools.", "skep pool list", "skep pool list -o yaml") { output };
        verb.Aliases.Add("ls");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var list = await client.Resources.ListAsync(ApiResource.StoragePools, ns: null, ListQuery.All, ct);
            var pools = list.ItemsAt("items").Select(i => i.AsObject()).OrderBy(p => p.Name(), StringComparer.Ordinal).ToList();
            var chosen = DefaultOf(pools);
            var format = OutputOption.Read(parsed, output);
            if (format is OutputFormat.Json or OutputFormat.Yaml or OutputFormat.Name)
                StoragePrinter.WriteList(context, ApiResource.StoragePools, pools, format);
            else
                await StoragePrinter.WriteTableAsync(context, _columns, pools, pool => Row(pool, chosen), "no storage pools; `skep pool add` makes one");
            return ExitCode.Success;
        });
        return verb;
    }

    /// <summary>The pool of volumes that name none: the one that the pool "default" names in its place, or itself.</summary>
    private static string DefaultOf(IEnumerable<JsonObject> pools) => pools.FirstOrDefault(p => p.Name() == DefaultName)?.TextAt("spec.defaultPool") ?? DefaultName;

    private static string[] Row(JsonObject pool, string chosen) =>
    [
        pool.Name(), pool.Name() == chosen ? "yes" : "", pool.TextAt("spec.class") ?? "local", pool.TextAt("status.state") ?? "unknown", StorageList.Size(pool.TextAt("status.totalBytes")),
        StorageList.Size(pool.TextAt("status.freeBytes")), pool.TextAt("status.fileSystem") ?? "-",
        pool.TextAt("spec.store") ?? pool.TextAt("spec.path") ?? "data directory", pool.TextAt("status.message") ?? "",
    ];

    private static Verb CreateAdd(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = "The pool's name." };
        var kind = new Option<string>("--class") { Description = "local (files) or log (log-structured volumes in an object store).", HelpName = "CLASS", DefaultValueFactory = _ => "local" };
        kind.AcceptOnlyFromAmong(_classes);
        var path = new Option<string?>("--path") { Description = "The directory of the volumes' files; with --class log that of logs and caches.", HelpName = "DIR" };
        var store = new Option<string?>("--store") { Description = "The object store's URL, file:///DIR or s3://BUCKET/PREFIX?endpoint=URL; --class log requires it.", HelpName = "URL" };
        var log = new Option<int?>("--log") { Description = "The most GiB that a volume's write-ahead log takes.", HelpName = "GIB" };
        var cache = new Option<int?>("--cache") { Description = "GiB of read cache for each volume.", HelpName = "GIB" };
        var compress = new Option<bool>("--compress") { Description = "Compress what is stored; with --class log." };
        var storeTimeout = Durations.Optional("--store-timeout", "How long a machine's request waits for an object store that does not answer before it fails; without it, for as long as it takes.");
        var timeout = StorageArguments.Timeout();
        var verb = new Verb("add", "Add a storage pool, and say whether it can be used.", "skep pool add fast --path /mnt/nvme/skep", "skep pool add safe --class log --store file:///mnt/nas/skep") { name, kind, path, store, log, cache, compress, storeTimeout, timeout };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var spec = new JsonObject { ["class"] = parsed.GetRequiredValue(kind) };
            if (parsed.GetValue(path) is { } directory)
                spec["path"] = Path.GetFullPath(directory);
            if (parsed.GetValue(store) is { } url)
                spec["store"] = url;
            if (parsed.GetValue(log) is { } logGib)
                spec["logGib"] = logGib;
            if (parsed.GetValue(cache) is { } cacheGib)
                spec["cacheGib"] = cacheGib;
            if (parsed.GetValue(storeTimeout) is { } limit)
                spec["storeTimeoutSeconds"] = (long)limit.TotalSeconds;
            if (parsed.GetValue(compress))
                spec["compress"] = true;
            var document = new JsonObject
            {
                ["apiVersion"] = ApiResource.StoragePools.ApiVersion, ["kind"] = ApiResource.StoragePools.Kind,
                ["metadata"] = new JsonObject { ["name"] = parsed.GetRequiredValue(name) }, ["spec"] = spec,
            };
            await client.Resources.CreateAsync(ApiResource.StoragePools, ResourceOptions.NamespaceDefault, document, dryRun: false, ct);
            await WaitReadyAsync(context, client, parsed.GetRequiredValue(name), parsed.GetValue(timeout), ct);
            await context.Out.WriteAsync($"pool {parsed.GetRequiredValue(name)} is ready\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateSetDefault(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = "The pool's name; \"default\" for the one in the data directory." };
        name.CompletionSources.Add(LiveNames.Named(context, ApiResource.StoragePools));
        var verb = new Verb(
            "set-default", "Choose the pool of new volumes that name none, the disks of new VMs too. Volumes that exist stay where they are.",
            "skep pool set-default fast", "skep pool set-default default") { name };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var pool = parsed.GetRequiredValue(name);
            await client.Resources.GetAsync(ApiResource.StoragePools, ResourceOptions.NamespaceDefault, pool, ct);

            // One member of the one pool that is always there: there can be no two defaults, also when two people choose at once.
            var patch = new JsonObject { ["spec"] = new JsonObject { ["defaultPool"] = pool == DefaultName ? null : pool } };
            await client.Resources.MergePatchAsync(ApiResource.StoragePools, ResourceOptions.NamespaceDefault, DefaultName, patch, dryRun: false, ct);
            await context.Out.WriteAsync($"new volumes that name no pool are made in {pool}\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static async Task WaitReadyAsync(CliContext context, SkepClient client, string name, TimeSpan timeout, CancellationToken ct)
    {
        await using var progress = context.StartProgress($"Looking at pool {name}");
        using var deadline = new Deadline(context.Time, timeout, ct);
        await deadline.RunAsync(() => $"pool {name} to be looked at", async token =>
        {
            await foreach (var pool in client.Resources.FollowAsync(ApiResource.StoragePools, ResourceOptions.NamespaceDefault, name, token))
            {
                switch (pool.TextAt("status.state"))
                {
                    case "ready":
                        return;
                    case "error":
                        throw new CliException($"pool {name} cannot be used: {pool.TextAt("status.message")}", ExitCode.Failure, $"It is tried again every minute; `skep pool remove {name}` takes it away.");
                    default:
                        progress.Report("probing");
                        break;
                }
            }
        });
        progress.Done($"Pool {name} was probed");
    }

    private static Verb CreateRemove(CliContext context)
    {
        var name = new Argument<string>("POOL") { Description = "The pool's name." };
        name.CompletionSources.Add(LiveNames.Named(context, ApiResource.StoragePools));
        var verb = new Verb("remove", "Remove a storage pool that no volume is in; its directory and object store stay.", "skep pool remove fast") { name };
        verb.Aliases.Add("rm");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var pool = parsed.GetRequiredValue(name);
            if (pool == DefaultName)
                throw new CliException("the pool default is the one of volumes that name none; it stays", ExitCode.Usage);
            await client.Resources.GetAsync(ApiResource.StoragePools, ResourceOptions.NamespaceDefault, pool, ct);
            if ((await client.Resources.FindAsync(ApiResource.StoragePools, ResourceOptions.NamespaceDefault, DefaultName, ct))?.TextAt("spec.defaultPool") == pool)
                throw new CliException($"pool {pool} is the default pool", ExitCode.Conflict, "Choose another one first: `skep pool set-default default`.");
            var users = (await StorageList.VolumesAsync(client, ct)).All.Where(v => v.TextAt("spec.poolName") == pool).Select(StorageList.DisplayName).ToList();
            if (users.Count > 0)
                throw new CliException($"pool {pool} has volumes: {string.Join(", ", users)}", ExitCode.Conflict, "Delete them first, or restore snapshots of them in another pool.");
            await client.Resources.DeleteAsync(ApiResource.StoragePools, ResourceOptions.NamespaceDefault, pool, ct);
            await context.Out.WriteAsync($"pool {pool} removed\n");
            return ExitCode.Success;
        });
        return verb;
    }
}
