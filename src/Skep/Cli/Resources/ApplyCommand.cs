using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Resources;

/// <summary><c>skep apply</c>: creates what is missing and merges the rest into what is there.</summary>
internal static class ApplyCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var files = Manifests.Option();
        files.Required = true;
        var options = new ResourceOptions();
        var dryRun = new Option<bool>("--dry-run") { Description = "Let the server check everything and change nothing." };
        var verb = new Verb(
            "apply",
            "Create or change resources from YAML or JSON. A member set to null is removed; members that are not mentioned stay.",
            "skep apply -f web.yaml",
            "skep apply -f manifests/ --dry-run",
            "skep get image debian-12 -o yaml | sed s/12/13/ | skep apply -f -")
        {
            files, options.Namespace, dryRun,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var discovery = await Discovery.LoadAsync(client, ct);
            var isDryRun = parsed.GetValue(dryRun);
            // All documents are read before the first one is written: a mistake in the last changes nothing.
            var manifests = await Manifests.ReadAsync(context, discovery, parsed.GetRequiredValue(files), parsed.GetRequiredValue(options.Namespace), ct);
            foreach (var manifest in manifests)
            {
                var done = await ApplyAsync(client, manifest, isDryRun, ct);
                await context.Out.WriteAsync($"{manifest.DisplayName} {done}{(isDryRun ? " (dry run)" : "")}\n");
            }

            return ExitCode.Success;
        });
        return verb;
    }

    private static async Task<string> ApplyAsync(SkepClient client, Manifest manifest, bool dryRun, CancellationToken ct)
    {
        var (kind, ns, name, document) = manifest;
        if (await client.Resources.FindAsync(kind, ns, name, ct) is not { } before)
        {
            await client.Resources.CreateAsync(kind, ns, document, dryRun, ct);
            return "created";
        }

        var after = await client.Resources.MergePatchAsync(kind, ns, name, document, dryRun, ct);
        return Revision(before) == Revision(after) ? "unchanged" : "configured";
    }

    private static string? Revision(JsonObject resource) => resource.TextAt("metadata.resourceVersion");
}
