using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Resources;

/// <summary><c>skep describe</c>: everything about a resource, and what happened to it.</summary>
internal static class DescribeCommand
{
    private static readonly string[] _ownMembers = ["apiVersion", "kind", "metadata"];

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var targets = ResourceOptions.Targets(context, "The kind, and names of resources; all of them without names.");
        targets.Arity = ArgumentArity.OneOrMore;
        var options = new ResourceOptions();
        var verb = new Verb(
            "describe",
            "Show everything about resources of any kind, with their events.",
            "skep describe instance i-0123456789abcdef0",
            "skep describe nodes")
        {
            targets, options.Namespace, options.Selector,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var discovery = await Discovery.LoadAsync(client, ct);
            var ns = parsed.GetRequiredValue(options.Namespace);
            var query = new ListQuery { LabelSelector = parsed.GetValue(options.Selector) };
            var isFirst = true;
            foreach (var target in Target.Parse(discovery, parsed.GetRequiredValue(targets)))
            {
                foreach (var resource in await FindAsync(client, target, ns, query, ct))
                {
                    if (!isFirst)
                        await context.Out.WriteAsync("\n");
                    isFirst = false;
                    await context.Out.WriteAsync(await RenderAsync(context, client, target.Kind, resource, ct));
                }
            }

            return ExitCode.Success;
        });
        return verb;
    }

    /// <summary>The text about one resource.</summary>
    public static async Task<string> RenderAsync(CliContext context, SkepClient client, ApiResource kind, JsonObject resource, CancellationToken ct)
    {
        var now = context.Time.GetUtcNow();
        var head = new JsonObject
        {
            ["Name"] = resource.Name(),
            ["Kind"] = $"{kind.Kind} ({kind.ApiVersion})",
        };
        if (resource.TextAt("metadata.namespace") is { Length: > 0 } ns)
            head["Namespace"] = ns;
        Copy(resource.At("metadata.labels"), head, "Labels");
        Copy(resource.At("metadata.annotations"), head, "Annotations");
        if (resource.TextAt("metadata.creationTimestamp") is { } created)
            head["Created"] = $"{created} ({Age.Of(created, now)} ago)";
        if (resource.TextAt("metadata.deletionTimestamp") is { } deleted)
            head["Deletion asked for"] = $"{deleted} ({Age.Of(deleted, now)} ago)";
        Copy(resource.At("metadata.finalizers"), head, "Finalizers");
        Copy(resource.At("metadata.ownerReferences"), head, "Owners");
        foreach (var (name, value) in resource)
        {
            if (!_ownMembers.Contains(name))
                Copy(value, head, char.ToUpperInvariant(name[0]) + name[1..]);
        }

        return YamlWriter.Render(head) + await RenderEventsAsync(client, kind, resource, now, ct);
    }

    private static void Copy(JsonNode? value, JsonObject target, string name)
    {
        if (value is not null && value is not JsonObject { Count: 0 } and not JsonArray { Count: 0 })
            target[name] = value.DeepClone();
    }

    private static async Task<IEnumerable<JsonObject>> FindAsync(SkepClient client, Target target, string ns, ListQuery query, CancellationToken ct)
    {
        if (target.Names.Count > 0)
            return await Task.WhenAll(target.Names.Select(n => client.Resources.GetAsync(target.Kind, ns, n, ct)));
        var list = await client.Resources.ListAsync(target.Kind, ns, query, ct);
        return list.ItemsAt("items").Select(i => i.AsObject());
    }

    private static async Task<string> RenderEventsAsync(SkepClient client, ApiResource kind, JsonObject resource, DateTimeOffset now, CancellationToken ct)
    {
        var ns = resource.TextAt("metadata.namespace") is { Length: > 0 } own ? own : ResourceOptions.NamespaceDefault;
        var events = await client.Resources.ListAsync(ApiResource.Events, ns, ListQuery.All, ct);
        var rows = events.ItemsAt("items")
            .Where(e => e.TextAt("involvedObject.kind") == kind.Kind && e.TextAt("involvedObject.name") == resource.Name())
            .OrderBy(e => e.TextAt("lastTimestamp"), StringComparer.Ordinal)
            .Select(e => (string[])
            [
                Age.Of(e.TextAt("lastTimestamp") ?? e.TextAt("metadata.creationTimestamp"), now),
                e.TextAt("type") ?? "", e.TextAt("reason") ?? "", e.TextAt("count") ?? "1", e.TextAt("message") ?? "",
            ])
            .ToList();
        return rows.Count == 0
            ? "Events: none\n"
            : "Events:\n" + string.Concat(TextTable.Render(["Age", "Type", "Reason", "Count", "Message"], rows)
                .TrimEnd('\n').Split('\n').Select(line => $"  {line}\n"));
    }
}
