using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Resources;

/// <summary><c>skep delete</c>.</summary>
internal static class DeleteCommand
{
    private static readonly TimeSpan _timeoutDefault = TimeSpan.FromMinutes(5);

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var targets = ResourceOptions.Targets(context, "The kind and the names.");
        var options = new ResourceOptions();
        var files = Manifests.Option();
        files.Description = "Delete what these YAML or JSON documents name.";
        var noWait = new Option<bool>("--no-wait") { Description = "Return before finalizers are done." };
        var timeout = Durations.Option("--timeout", "How long to wait until the resources are gone.", _timeoutDefault);
        var verb = new Verb(
            "delete",
            "Delete resources of any kind and wait until they are gone.",
            "skep delete volume vol-0123456789abcdef0",
            "skep delete instances -l app=test       # asks first",
            "skep delete -f web.yaml --no-wait")
        {
            targets, options.Namespace, options.Selector, files, noWait, timeout,
        };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var discovery = await Discovery.LoadAsync(client, ct);
            var ns = parsed.GetRequiredValue(options.Namespace);
            var words = parsed.GetValue(targets) ?? [];
            var selector = parsed.GetValue(options.Selector);
            IReadOnlyList<Manifest> found = parsed.GetValue(files) is { Length: > 0 } names && words.Length == 0
                ? await Manifests.ReadAsync(context, discovery, names, ns, ct)
                : await SelectAsync(client, discovery, words, ns, selector, ct);
            if (selector is not null && found.Count > 0 && !await context.ConfirmAsync(parsed, $"Delete {string.Join(", ", found.Select(m => m.DisplayName))}?", ct))
                throw new CliException($"{found.Count} resources not deleted", ExitCode.Declined, "Pass --yes to delete without being asked.");

            var asked = await DeleteAsync(context, client, found, ct);
            if (!parsed.GetValue(noWait))
                await WaitAsync(context, client, asked, parsed.GetValue(timeout), ct);
            foreach (var manifest in asked)
                await context.Out.WriteAsync($"{manifest.DisplayName} deleted\n");
            return asked.Count == found.Count ? ExitCode.Success : ExitCode.NotFound;
        });
        return verb;
    }

    /// <summary>Asks for the deletion of all of them; what is gone already is told, and not returned.</summary>
    private static async Task<IReadOnlyList<Manifest>> DeleteAsync(CliContext context, SkepClient client, IReadOnlyList<Manifest> found, CancellationToken ct)
    {
        var asked = new List<Manifest>();
        foreach (var manifest in found)
        {
            try
            {
                await client.Resources.DeleteAsync(manifest.Kind, manifest.Namespace, manifest.Name, ct);
                asked.Add(manifest);
            }
            catch (CliException ex) when (ex.Code == ExitCode.NotFound)
            {
                await context.Error.WriteLineAsync($"skep: {ex.Message}");
            }
        }

        return asked;
    }

    private static async Task<IReadOnlyList<Manifest>> SelectAsync(
        SkepClient client, Discovery discovery, string[] words, string ns, string? selector, CancellationToken ct)
    {
        if (words.Length == 0)
            throw new CliException("nothing to delete is named", ExitCode.Usage, "Write KIND NAME, KIND -l LABELS or -f FILE.");
        var found = new List<Manifest>();
        foreach (var target in Target.Parse(discovery, words))
        {
            if (target.Names.Count == 0 && selector is null)
                throw new CliException($"which {target.Kind.Plural}?", ExitCode.Usage, "Name them, or select them with -l LABELS.");
            var names = target.Names.Count > 0
                ? target.Names
                : [.. (await client.Resources.ListAsync(target.Kind, ns, new ListQuery { LabelSelector = selector }, ct)).ItemsAt("items").Select(i => i.Name())];
            found.AddRange(names.Select(n => new Manifest(target.Kind, ns, n, [])));
        }

        return found;
    }

    private static async Task WaitAsync(CliContext context, SkepClient client, IReadOnlyList<Manifest> found, TimeSpan timeout, CancellationToken ct)
    {
        if (found.Count == 0)
            return;
        await using var progress = context.StartProgress("Deleting");
        using var deadline = new Deadline(context.Time, timeout, ct);
        for (var i = 0; i < found.Count; i++)
        {
            var manifest = found[i];
            progress.Report(manifest.DisplayName, found.Count > 1 ? (double)i / found.Count : null);
            var last = "still there";
            await deadline.RunAsync(() => $"{manifest.DisplayName} to be gone; it is {last}", async token =>
            {
                await foreach (var state in client.Resources.FollowAsync(manifest.Kind, manifest.Namespace, manifest.Name, token))
                {
                    if (state is null)
                        return;
                    last = WaitingFor(state);
                }
            });
        }

        progress.Done(found.Count == 1 ? $"Deleted {found[0].DisplayName}" : $"Deleted {found.Count} resources");
    }

    private static string WaitingFor(JsonObject state) =>
        state.ItemsAt("metadata.finalizers").Select(JsonPaths.Scalar).ToList() is { Count: > 0 } finalizers
            ? $"waiting for {string.Join(", ", finalizers)}"
            : "still there";
}
