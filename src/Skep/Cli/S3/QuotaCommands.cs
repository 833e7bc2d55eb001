using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Resources;
using Skep.Cli.Storage;
using Skep.S3.Kinds;

namespace Skep.Cli.S3;

/// <summary><c>skep s3 quota</c>.</summary>
internal static class QuotaCommands
{
    private static readonly string[] _columns = ["Of", "State", "Used", "Size", "Objects", "Most", "Message"];

    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb(
        "quota",
        "Limit what buckets, or all of an account's buckets together, may hold.",
        "skep s3 quota set --bucket photos --size 100G",
        "skep s3 quota set --size 1T --objects 1000000",
        "skep s3 quota get")
    {
        CreateSet(context),
        CreateGet(context),
        CreateRemove(context),
    };

    private static Verb CreateSet(CliContext context)
    {
        var bucket = BucketOption();
        var size = ByteSizes.Option("--size", "The most bytes, of all versions and unfinished uploads.");
        var objects = new Option<long?>("--objects") { Description = "The most objects, each version counted.", HelpName = "COUNT" };
        var options = new ResourceOptions();
        var timeout = StorageArguments.Timeout();
        var verb = new Verb("set", "Set a quota, in place of the one that there was. What is there already may be more; then it can only become less.", "skep s3 quota set --bucket photos --size 100G", "skep s3 quota set --objects 1000000") { bucket, size, objects, options.Namespace, timeout };
        verb.SetAction(async (parsed, ct) =>
        {
            if (parsed.GetValue(size) is null && parsed.GetValue(objects) is null)
                throw new CliException("a quota has --size, --objects, or both", ExitCode.Usage, "`skep s3 quota remove` takes one away.");
            using var client = context.Connect(parsed);
            var ns = parsed.GetValue(options.Namespace)!;
            var name = ObjectQuota.NameOf(parsed.GetValue(bucket));
            var spec = new JsonObject { ["bytesMax"] = parsed.GetValue(size), ["objectsMax"] = parsed.GetValue(objects) };
            if (parsed.GetValue(bucket) is { } limited)
                spec["bucket"] = limited;
            if (await client.Resources.FindAsync(ApiResource.ObjectQuotas, ns, name, ct) is null)
            {
                var document = new JsonObject
                {
                    ["apiVersion"] = ApiResource.ObjectQuotas.ApiVersion, ["kind"] = ApiResource.ObjectQuotas.Kind,
                    ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec,
                };
                await client.Resources.CreateAsync(ApiResource.ObjectQuotas, ns, document, dryRun: false, ct);
            }
            else
            {
                await client.Resources.MergePatchAsync(ApiResource.ObjectQuotas, ns, name, new JsonObject { ["spec"] = spec }, dryRun: false, ct);
            }

            await WaitAsync(context, client, ns, name, parsed.GetValue(timeout), ct);
            await context.Out.WriteAsync($"the quota of {Title(name)} is set\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateGet(CliContext context)
    {
        var output = OutputOption.Create();
        var options = new ResourceOptions();
        var verb = new Verb("get", "Show quotas and what is used of them (as of half a minute ago at most).", "skep s3 quota get", "skep s3 quota get -o json") { output, options.Namespace };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var list = await client.Resources.ListAsync(ApiResource.ObjectQuotas, parsed.GetValue(options.Namespace), ListQuery.All, ct);
            var quotas = list.ItemsAt("items").Select(i => i.AsObject()).OrderBy(q => q.Name(), StringComparer.Ordinal).ToList();
            var format = OutputOption.Read(parsed, output);
            if (format is OutputFormat.Json or OutputFormat.Yaml or OutputFormat.Name)
                StoragePrinter.WriteList(context, ApiResource.ObjectQuotas, quotas, format);
            else
                await StoragePrinter.WriteTableAsync(context, _columns, quotas, Row, "no quotas; `skep s3 quota set` makes one");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateRemove(CliContext context)
    {
        var bucket = BucketOption();
        var options = new ResourceOptions();
        var verb = new Verb("remove", "Remove a quota.", "skep s3 quota remove --bucket photos", "skep s3 quota remove") { bucket, options.Namespace };
        verb.Aliases.Add("rm");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var name = ObjectQuota.NameOf(parsed.GetValue(bucket));
            await client.Resources.DeleteAsync(ApiResource.ObjectQuotas, parsed.GetValue(options.Namespace)!, name, ct);
            await context.Out.WriteAsync($"the quota of {Title(name)} is removed\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Option<string?> BucketOption() => new("--bucket") { Description = "The bucket; without it all buckets of the namespace's account together.", HelpName = "BUCKET" };

    private static string[] Row(JsonObject quota) =>
    [
        Title(quota.Name()), quota.TextAt("status.state") ?? "", StorageList.Size(quota.TextAt("status.bytes")), Limit(quota.TextAt("spec.bytesMax"), StorageList.Size),
        quota.TextAt("status.objects") ?? "", Limit(quota.TextAt("spec.objectsMax"), static n => n!), quota.TextAt("status.message") ?? "",
    ];

    private static string Limit(string? value, Func<string?, string> render) => value is null ? "-" : render(value);

    private static string Title(string name) => name == ObjectQuota.AccountName ? "the account" : name["bucket.".Length..];

    /// <summary>Waits until the limit counts.</summary>
    private static async Task WaitAsync(CliContext context, SkepClient client, string ns, string name, TimeSpan timeout, CancellationToken ct)
    {
        using var deadline = new Deadline(context.Time, timeout, ct);
        await deadline.RunAsync(() => $"the quota of {Title(name)} to count", async token =>
        {
            await foreach (var quota in client.Resources.FollowAsync(ApiResource.ObjectQuotas, ns, name, token))
            {
                if (quota.TextAt("status.observedGeneration") != quota.TextAt("metadata.generation"))
                    continue;
                if (quota.TextAt("status.state") == "error")
                    throw new CliException($"the quota of {Title(name)} does not count: {quota.TextAt("status.message")}");
                return;
            }
        });
    }
}
