using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Completion;
using Skep.Cli.Output;
using Skep.Cli.Resources;
using Skep.Cli.Storage;

namespace Skep.Cli.S3;

/// <summary><c>skep s3 topic</c>.</summary>
internal static class TopicCommands
{
    private static readonly string[] _columns = ["Name", "State", "URL", "Message"];

    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb(
        "topic",
        "Look after the destinations of buckets' notifications.",
        "skep s3 topic add news --url https://hooks.example/s3 --secret-file /etc/skep/hook",
        "skep s3 topic list")
    {
        CreateAdd(context),
        CreateList(context),
        CreateRemove(context),
    };

    private static Verb CreateAdd(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = "The topic's name: the last part of arn:aws:sns:REGION:ACCOUNT:NAME." };
        var url = new Option<string?>("--url") { Description = "The webhook that events are posted to; without one they become Events of the namespace.", HelpName = "URL" };
        var secret = new Option<string?>("--secret-file") { Description = "A file with the secret that signs what is posted, at least 16 characters.", HelpName = "FILE" };
        var options = new ResourceOptions();
        var verb = new Verb("add", "Add a destination that buckets of the namespace's account may name.", "skep s3 topic add news --url https://hooks.example/s3", "skep s3 topic add seen") { name, url, secret, options.Namespace };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var spec = new JsonObject();
            if (parsed.GetValue(url) is { } address)
                spec["url"] = address;
            if (parsed.GetValue(secret) is { } file)
                spec["secret"] = await ReadSecretAsync(file, ct);
            var document = new JsonObject
            {
                ["apiVersion"] = ApiResource.Topics.ApiVersion, ["kind"] = ApiResource.Topics.Kind,
                ["metadata"] = new JsonObject { ["name"] = parsed.GetRequiredValue(name) }, ["spec"] = spec,
            };
            await client.Resources.CreateAsync(ApiResource.Topics, parsed.GetValue(options.Namespace)!, document, dryRun: false, ct);
            await context.Out.WriteAsync($"topic {parsed.GetRequiredValue(name)} added\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateList(CliContext context)
    {
        var output = OutputOption.Create();
        var options = new ResourceOptions();
        var verb = new Verb("list", "List topics.", "skep s3 topic list") { output, options.Namespace };
        verb.Aliases.Add("ls");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var list = await client.Resources.ListAsync(ApiResource.Topics, parsed.GetValue(options.Namespace), ListQuery.All, ct);
            var topics = list.ItemsAt("items").Select(i => i.AsObject()).OrderBy(t => t.Name(), StringComparer.Ordinal).ToList();
            var format = OutputOption.Read(parsed, output);
            if (format is OutputFormat.Json or OutputFormat.Yaml or OutputFormat.Name)
                StoragePrinter.WriteList(context, ApiResource.Topics, topics, format);
            else
                await StoragePrinter.WriteTableAsync(context, _columns, topics, t => [t.Name(), t.TextAt("status.state") ?? "", t.TextAt("spec.url") ?? "Events", t.TextAt("status.message") ?? ""], "no topics; `skep s3 topic add` makes one");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateRemove(CliContext context)
    {
        var name = new Argument<string>("TOPIC") { Description = "The topic's name." };
        name.CompletionSources.Add(LiveNames.Named(context, ApiResource.Topics));
        var options = new ResourceOptions();
        var verb = new Verb("remove", "Remove a topic; events that wait for it are dropped.", "skep s3 topic remove news") { name, options.Namespace };
        verb.Aliases.Add("rm");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            await client.Resources.DeleteAsync(ApiResource.Topics, parsed.GetValue(options.Namespace)!, parsed.GetRequiredValue(name), ct);
            await context.Out.WriteAsync($"topic {parsed.GetRequiredValue(name)} removed\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static async Task<string> ReadSecretAsync(string file, CancellationToken ct)
    {
        try
        {
            return (await File.ReadAllTextAsync(file, ct)).Trim();
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"the secret cannot be read from {file}: {ex.Message}", ExitCode.Usage);
        }
    }
}
