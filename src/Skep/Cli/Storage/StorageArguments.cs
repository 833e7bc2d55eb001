using System.CommandLine;
using System.CommandLine.Completions;
using Skep.Cli.Client;
using Skep.Cli.Completion;

namespace Skep.Cli.Storage;

/// <summary>Arguments and options of the verbs for volumes, snapshots and pools.</summary>
internal static class StorageArguments
{
    /// <summary>How long work on disks may take unless the user says otherwise.</summary>
    public static readonly TimeSpan TimeoutDefault = TimeSpan.FromMinutes(30);

    /// <summary>One volume.</summary>
    public static Argument<string> Volume(CliContext context) => One("VOLUME", LiveNames.Named(context, ApiResource.Volumes));

    /// <summary>One snapshot.</summary>
    public static Argument<string> Snapshot(CliContext context) => One("SNAPSHOT", LiveNames.Named(context, ApiResource.Snapshots));

    /// <summary>Volumes.</summary>
    public static Argument<string[]> Volumes(CliContext context) => Several("VOLUME", LiveNames.Named(context, ApiResource.Volumes));

    /// <summary>Snapshots.</summary>
    public static Argument<string[]> Snapshots(CliContext context) => Several("SNAPSHOT", LiveNames.Named(context, ApiResource.Snapshots));

    /// <summary>--no-wait.</summary>
    public static Option<bool> NoWait() => new("--no-wait") { Description = "Return at once and leave the work to the daemon." };

    /// <summary>--timeout.</summary>
    public static Option<TimeSpan> Timeout() => Durations.Option("--timeout", "How long to wait.", TimeoutDefault);

    /// <summary>--name.</summary>
    public static Option<string?> Name(string what) => new("--name", "-n") { Description = $"The {what}'s name (its Name tag); other verbs take it for the id.", HelpName = "NAME" };

    /// <summary>--pool.</summary>
    public static Option<string?> Pool(CliContext context)
    {
        var option = new Option<string?>("--pool") { Description = "The storage pool to make it in (default: that of `skep pool set-default`).", HelpName = "POOL" };
        option.CompletionSources.Add(LiveNames.Named(context, ApiResource.StoragePools));
        return option;
    }

    /// <summary>Tags of a resource that is made, as EC2 takes them.</summary>
    public static IEnumerable<(string Name, string Value)> Tags(string resourceType, params ReadOnlySpan<(string Key, string? Value)> tags)
    {
        var given = new List<(string, string)>();
        foreach (var (key, value) in tags)
        {
            if (value is null)
                continue;
            var number = given.Count / 2 + 1;
            given.Add(($"TagSpecification.1.Tag.{number}.Key", key));
            given.Add(($"TagSpecification.1.Tag.{number}.Value", value));
        }

        return given.Count == 0 ? given : given.Prepend(("TagSpecification.1.ResourceType", resourceType));
    }

    private static Argument<string> One(string name, Func<CompletionContext, IEnumerable<CompletionItem>> completions)
    {
        var argument = new Argument<string>(name) { Description = "Its id, its name, or the beginning of its id." };
        argument.CompletionSources.Add(completions);
        return argument;
    }

    private static Argument<string[]> Several(string name, Func<CompletionContext, IEnumerable<CompletionItem>> completions)
    {
        var argument = new Argument<string[]>(name) { Description = "Ids, names, or beginnings of ids.", Arity = ArgumentArity.OneOrMore };
        argument.CompletionSources.Add(completions);
        return argument;
    }
}
