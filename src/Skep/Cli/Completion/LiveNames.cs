using System.CommandLine;
using System.CommandLine.Completions;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Cli.Completion;

/// <summary>
/// Names of what the cloud has now, for shell completion. A cloud that does not answer at once completes nothing: a
/// shell that hangs or prints errors at a tab key is worse.
/// </summary>
internal static class LiveNames
{
    /// <summary>Names and ids of virtual machines.</summary>
    public static Func<CompletionContext, IEnumerable<CompletionItem>> Vms(CliContext context) => completion =>
        Query(context, completion, client => Items(client, ApiResource.Instances)
            .Where(i => i.TextAt("status.state") != "terminated")
            .Select(i => i.Tag("Name") ?? i.Name()));

    /// <summary>Names of images.</summary>
    public static Func<CompletionContext, IEnumerable<CompletionItem>> Images(CliContext context) => completion =>
        Query(context, completion, client => Items(client, ApiResource.Images).Select(i => i.TextAt("spec.name") ?? i.Name()));

    /// <summary>Names of key pairs.</summary>
    public static Func<CompletionContext, IEnumerable<CompletionItem>> KeyPairs(CliContext context) => completion =>
        Query(context, completion, client => Items(client, ApiResource.KeyPairs).Select(i => i.TextAt("spec.keyName") ?? i.Name()));

    /// <summary>Names of instance types.</summary>
    public static Func<CompletionContext, IEnumerable<CompletionItem>> InstanceTypes(CliContext context) => completion =>
        Query(context, completion, client => Items(client, ApiResource.InstanceTypes).Select(i => i.Name()));

    /// <summary>Names (the Name tag) or ids of resources of a kind.</summary>
    public static Func<CompletionContext, IEnumerable<CompletionItem>> Named(CliContext context, ApiResource kind) => completion =>
        Query(context, completion, client => Items(client, kind).Select(i => i.Tag("Name") ?? i.Name()));

    /// <summary>Kinds, and after a kind the names of its resources.</summary>
    public static Func<CompletionContext, IEnumerable<CompletionItem>> KindsAndNames(CliContext context) => completion =>
    {
        // What stands before the word that is being typed.
        var words = completion.ParseResult.CommandResult.Tokens
            .Select(t => t.Value).Where(w => w != completion.WordToComplete).ToList();
        return Query(context, completion, client => words.Count == 0 ? Kinds(client).Select(k => k.Plural) : Names(client, words[0]));
    };

    private static IEnumerable<string> Names(SkepClient client, string word) =>
        Kinds(client).FirstOrDefault(k => k.Answers(word)) is { } kind ? Items(client, kind).Select(i => i.Name()) : [];

    private static IEnumerable<ApiResource> Kinds(SkepClient client)
    {
        var groups = client.TryGetJson("/apis").ItemsAt("groups")
            .Select(g => (Group: g.TextAt("name") ?? "", Version: g.TextAt("preferredVersion.version") ?? "v1"))
            .Prepend((Group: "", Version: "v1"));
        return groups.SelectMany(g =>
            Discovery.Read(g.Group, g.Version, client.TryGetJson(g.Group.Length == 0 ? "/api/v1" : $"/apis/{g.Group}/{g.Version}")));
    }

    private static IEnumerable<JsonNode> Items(SkepClient client, ApiResource kind) => client.TryGetJson(kind.Path(ns: null)).ItemsAt("items");

    private static IEnumerable<CompletionItem> Query(CliContext context, CompletionContext completion, Func<SkepClient, IEnumerable<string>> query)
    {
        try
        {
            using var client = context.Connect(completion.ParseResult);
            return [.. query(client)
                .Where(name => name.StartsWith(completion.WordToComplete, StringComparison.OrdinalIgnoreCase))
                .Distinct(StringComparer.Ordinal)
                .Select(name => new CompletionItem(name))];
        }
        catch (CliException)
        {
            return []; // no daemon: see the summary
        }
    }
}
