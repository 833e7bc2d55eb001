using System.CommandLine;
using Skep.Cli.Completion;

namespace Skep.Cli.Vm;

/// <summary>Arguments that name virtual machines.</summary>
internal static class VmArguments
{
    /// <summary>One machine.</summary>
    public static Argument<string> One(CliContext context)
    {
        var argument = new Argument<string>("VM") { Description = "Its name, its id, or the beginning of its id." };
        argument.CompletionSources.Add(LiveNames.Vms(context));
        return argument;
    }

    /// <summary>One or more machines.</summary>
    public static Argument<string[]> Several(CliContext context)
    {
        var argument = new Argument<string[]>("VM")
        {
            Description = "Names, ids, or beginnings of ids.",
            Arity = ArgumentArity.OneOrMore,
        };
        argument.CompletionSources.Add(LiveNames.Vms(context));
        return argument;
    }
}
