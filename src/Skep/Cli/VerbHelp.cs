using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Skep.Cli;

/// <summary>The library's help with the verb's examples below it.</summary>
internal sealed class VerbHelp(HelpAction inner) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <summary>Puts examples into the help of a command line.</summary>
    public static void Install(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            if (option.Action is HelpAction help)
                option.Action = new VerbHelp(help);
        }
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = inner.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb { Examples.Count: > 0 } verb)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.Write("Examples:\n");
            foreach (var example in verb.Examples)
                output.Write($"  {example}\n");
            output.Write('\n');
        }

        return code;
    }
}
