using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Skep.Cli.Completion;

/// <summary>
/// Answers the <c>[suggest:POSITION] "COMMAND LINE"</c> directive that the shells' scripts use, one suggestion a line. Unlike
/// the library's own answer, options are offered only where nothing else fits or a dash was typed.
/// </summary>
internal sealed class SuggestAction(SuggestDirective directive) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <summary>Puts it into a command line.</summary>
    public static void Install(RootCommand root)
    {
        foreach (var directive in root.Directives.OfType<SuggestDirective>())
            directive.Action = new SuggestAction(directive);
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var line = parseResult.Tokens.LastOrDefault(t => t.Type != TokenType.Directive)?.Value ?? "";
        var value = parseResult.GetResult(directive) is { Values: [var first, ..] } ? first : null;
        var position = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? Math.Min(given, line.Length) : line.Length;
        // What stands behind the cursor does not matter for the word before it.
        line = line[..position];
        var completions = parseResult.RootCommandResult.Command.Parse(line, parseResult.Configuration)
            .GetCompletions(position).Select(c => c.Label).Distinct(StringComparer.Ordinal).ToList();
        var word = line.Split(' ')[^1];
        // The library also offers what has the word in the middle, which no shell can complete to.
        completions.RemoveAll(c => !c.StartsWith(word, StringComparison.OrdinalIgnoreCase));
        var names = completions.Where(c => !c.StartsWith('-') && !c.StartsWith('/')).ToList();
        // Every short option has a long form, which says more.
        var options = completions.Where(c => c.StartsWith("--", StringComparison.Ordinal));
        foreach (var completion in word.StartsWith('-') || names.Count == 0 ? options : names)
            parseResult.InvocationConfiguration.Output.WriteLine(completion);
        return ExitCode.Success;
    }
}
