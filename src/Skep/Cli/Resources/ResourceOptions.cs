using System.CommandLine;
using Skep.Cli.Completion;

namespace Skep.Cli.Resources;

/// <summary>Options that the verbs on any kind share; one instance a verb.</summary>
internal sealed class ResourceOptions
{
    /// <summary>The namespace when none is named: the default account's.</summary>
    public const string NamespaceDefault = "default";

    /// <summary>-n.</summary>
    public Option<string> Namespace { get; } = new("--namespace", "-n")
    {
        Description = "The namespace (project).",
        HelpName = "NAMESPACE",
        DefaultValueFactory = _ => NamespaceDefault,
    };

    /// <summary>-l.</summary>
    public Option<string?> Selector { get; } = new("--selector", "-l")
    {
        Description = "Only resources with these labels, for example app=web,tier!=db.",
        HelpName = "LABELS",
    };

    /// <summary>KIND NAME…, or KIND/NAME….</summary>
    public static Argument<string[]> Targets(CliContext context, string description)
    {
        var argument = new Argument<string[]>("KIND [NAME...]")
        {
            Description = description,
            Arity = ArgumentArity.ZeroOrMore,
        };
        argument.CompletionSources.Add(LiveNames.KindsAndNames(context));
        return argument;
    }
}
