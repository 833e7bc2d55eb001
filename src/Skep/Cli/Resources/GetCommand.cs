using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Resources;

/// <summary><c>skep get</c>.</summary>
internal static class GetCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var targets = ResourceOptions.Targets(context, "The kind, and names of resources; all of them without names. Without a kind: the list of kinds.");
        var options = new ResourceOptions();
        var all = new Option<bool>("--all-namespaces", "-A") { Description = "Resources of every namespace." };
        var fields = new Option<string?>("--field-selector") { Description = "Only resources with these fields, for example status.state=running.", HelpName = "FIELDS" };
        var watch = new Option<bool>("--watch", "-w") { Description = "Go on printing changes until ctrl-C." };
        var output = OutputOption.Create();
        var verb = new Verb(
            "get",
            "Show resources of any kind.",
            "skep get                                # the kinds",
            "skep get instances -o wide",
            "skep get instance i-0123456789abcdef0 -o yaml",
            "skep get volumes -l app=db -w           # and every change")
        {
            targets, options.Namespace, all, options.Selector, fields, watch, output,
        };
        verb.SetAction((parsed, ct) =>
        {
            var query = new ListQuery { LabelSelector = parsed.GetValue(options.Selector), FieldSelector = parsed.GetValue(fields) };
            var ns = parsed.GetValue(all) ? null : parsed.GetValue(options.Namespace);
            return RunAsync(context, parsed, parsed.GetValue(targets) ?? [], ns, query, parsed.GetValue(watch), OutputOption.Read(parsed, output), ct);
        });
        return verb;
    }

    private static async Task<int> RunAsync(
        CliContext context, ParseResult parsed, string[] words, string? ns, ListQuery query, bool watch, OutputFormat format, CancellationToken ct)
    {
        using var client = context.Connect(parsed);
        var discovery = await Discovery.LoadAsync(client, ct);
        var printer = new ResourcePrinter(context.Out, format);
        if (words.Length == 0)
        {
            await WriteKindsAsync(context.Out, discovery, format);
            return ExitCode.Success;
        }

        var targets = Target.Parse(discovery, words);
        if (watch && (targets.Count > 1 || targets[0].Names.Count > 1))
            throw new CliException("--watch works on one kind, or one resource", ExitCode.Usage);
        for (var i = 0; i < targets.Count; i++)
        {
            if (i > 0 && printer.NeedsTable)
                await context.Out.WriteAsync('\n');
            await ShowAsync(context, client, printer, targets[i], ns, query, watch, ct);
        }

        return ExitCode.Success;
    }

    private static async Task ShowAsync(
        CliContext context, SkepClient client, ResourcePrinter printer, Target target, string? ns, ListQuery query, bool watch, CancellationToken ct)
    {
        var withNamespace = ns is null && target.Kind.IsNamespaced;
        if (target.Names.Count > 0 && withNamespace)
            throw new CliException("a resource cannot be named across all namespaces", ExitCode.Usage, "Name its namespace with -n.");
        if (watch && target.Names is [var only])
            query = query with { FieldSelector = $"metadata.name={only}" };

        if (watch)
        {
            await WatchAsync(client, printer, target.Kind, ns, query, withNamespace, ct);
        }
        else if (printer.NeedsTable)
        {
            var table = target.Names.Count > 0
                ? Join([.. await Task.WhenAll(target.Names.Select(n => client.Resources.TableAsync(target.Kind, ns, n, query, ct)))])
                : await client.Resources.TableAsync(target.Kind, ns, null, query, ct);
            if (table["rows"] is JsonArray { Count: > 0 })
                printer.WriteTable(table, withNamespace);
            else
                await context.Error.WriteLineAsync($"no {target.Kind.Plural}{(target.Kind.IsNamespaced && ns is not null ? $" in namespace {ns}" : "")}");
        }
        else if (target.Names.Count > 0)
        {
            foreach (var name in target.Names)
                printer.WriteDocument(target.Kind, await client.Resources.GetAsync(target.Kind, ns!, name, ct));
        }
        else
        {
            printer.WriteDocument(target.Kind, await client.Resources.ListAsync(target.Kind, ns, query, ct));
        }
    }

    private static async Task WatchAsync(
        SkepClient client, ResourcePrinter printer, ApiResource kind, string? ns, ListQuery query, bool withNamespace, CancellationToken ct)
    {
        JsonObject first;
        TextTable? layout = null;
        if (printer.NeedsTable)
        {
            first = await client.Resources.TableAsync(kind, ns, null, query, ct);
            layout = printer.WriteTable(first, withNamespace);
        }
        else
        {
            first = await client.Resources.ListAsync(kind, ns, query, ct);
            foreach (var item in first.ItemsAt("items"))
                printer.WriteStreamed(kind, item.AsObject());
        }

        var revision = first.TextAt("metadata.resourceVersion") ?? "0";
        while (true)
        {
            await foreach (var change in client.Resources.WatchAsync(kind, ns, query, revision, printer.NeedsTable, ct))
            {
                revision = RevisionOf(change.Object) ?? revision;
                if (change.Type == "BOOKMARK")
                    continue;
                if (layout is not null)
                    printer.WriteRows(layout, change.Object, withNamespace);
                else
                    printer.WriteStreamed(kind, change.Object);
            }
        }
    }

    private static string? RevisionOf(JsonObject item) =>
        item.TextAt("metadata.resourceVersion") is { Length: > 0 } own ? own : item.TextAt("rows.0.object.metadata.resourceVersion");

    private static JsonObject Join(List<JsonObject> tables)
    {
        foreach (var table in tables.Skip(1))
        {
            foreach (var row in table.ItemsAt("rows"))
                tables[0]["rows"]!.AsArray().Add(row.DeepClone());
        }

        return tables[0];
    }

    private static async Task WriteKindsAsync(TextWriter output, Discovery discovery, OutputFormat format)
    {
        var kinds = discovery.Resources.Where(r => r.Verbs.Contains("list")).OrderBy(r => r.Group, StringComparer.Ordinal).ThenBy(r => r.Plural, StringComparer.Ordinal).ToList();
        if (format == OutputFormat.Name)
        {
            foreach (var kind in kinds)
                await output.WriteAsync($"{(kind.Group.Length == 0 ? kind.Plural : $"{kind.Plural}.{kind.Group}")}\n");
            return;
        }

        if (format is OutputFormat.Json or OutputFormat.Yaml)
        {
            var list = new JsonArray([.. kinds.Select(k => (JsonNode)new JsonObject
            {
                ["name"] = k.Plural, ["kind"] = k.Kind, ["apiVersion"] = k.ApiVersion, ["namespaced"] = k.IsNamespaced,
                ["shortNames"] = new JsonArray([.. k.ShortNames.Select(s => (JsonNode)s)]),
            })]);
            await output.WriteAsync(format == OutputFormat.Json ? JsonText.Render(list) : YamlWriter.Render(list));
            return;
        }

        await output.WriteAsync(TextTable.Render(
            ["Name", "Short-Names", "Api-Version", "Namespaced", "Kind"],
            [.. kinds.Select(k => (string[])[k.Plural, string.Join(',', k.ShortNames), k.ApiVersion, k.IsNamespaced ? "true" : "false", k.Kind])]));
    }
}
