using System.CommandLine;
using System.Text;
using Skep.Cli;
using Skep.Testing;

namespace Skep.Tests.Cli;

/// <summary>docs/cli.md speaks of every verb and option that there is, and of no other.</summary>
public sealed class CommandTreeTests
{
    private const string Begin = "<!-- reference: generated from the command tree; SKEP_UPDATE_GOLDEN=1 rewrites it -->\n";

    [Fact]
    public void Every_verb_has_a_description_and_every_leaf_of_the_clients_an_example()
    {
        foreach (var (path, command) in Walk())
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Description), path);
            Assert.All(command.Options.Where(o => !o.Hidden), o => Assert.False(string.IsNullOrWhiteSpace(o.Description), $"{path} {o.Name}"));
            if (command is Verb verb)
                Assert.All(verb.Examples, e => Assert.Contains(path, e, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_example_can_be_parsed()
    {
        var root = RootCommandFactory.Create(new CliRun().Context);
        foreach (var example in Walk().Select(w => w.Command).OfType<Verb>().SelectMany(v => v.Examples))
        {
            var line = example.Split("  #")[0];
            // The part of a pipe or a substitution that is ours.
            line = line[line.IndexOf("skep ", StringComparison.Ordinal)..].Split('|', '>', ')')[0];
            var errors = root.Parse(line["skep ".Length..]).Errors;
            Assert.True(errors.Count == 0, $"{example}: {string.Join("; ", errors.Select(e => e.Message))}");
        }
    }

    [Fact]
    public void Documentation_lists_every_verb_and_option()
    {
        var path = Path.Combine(RepositoryRoot.Path, "docs", "cli.md");
        var text = File.ReadAllText(path);
        var start = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        Assert.True(start >= Begin.Length, $"{path} has no line {Begin}");
        var reference = Reference();
        if (Environment.GetEnvironmentVariable("SKEP_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, text[..start] + reference);
        else
            Assert.Equal(reference, text[start..]);
    }

    private static string Reference()
    {
        var text = new StringBuilder();
        foreach (var (path, command) in Walk())
        {
            text.Append($"\n## {path}\n\n{command.Description}\n");
            if (command.Arguments.Count + command.Options.Count(o => !o.Hidden) > 0)
                text.Append("\n| | |\n|---|---|\n");
            foreach (var argument in command.Arguments)
                text.Append($"| `{argument.Name}` | {Cell(argument.Description)} |\n");
            foreach (var option in command.Options.Where(o => !o.Hidden))
                text.Append($"| {string.Join(", ", option.Aliases.Prepend(option.Name).Select(n => $"`{n}`"))}{(option.HelpName is { } name ? $" *{name}*" : "")} | {Cell(option.Description)} |\n");
            if (command is Verb { Examples.Count: > 0 } verb)
                text.Append($"\n```sh\n{string.Join('\n', verb.Examples)}\n```\n");
        }

        return text.ToString();
    }

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal);

    private static IEnumerable<(string Path, Command Command)> Walk() =>
        RootCommandFactory.Create(new CliRun().Context).Subcommands.SelectMany(c => Walk("skep", c));

    private static IEnumerable<(string Path, Command Command)> Walk(string parent, Command command) =>
        command.Subcommands.SelectMany(c => Walk($"{parent} {command.Name}", c)).Prepend(($"{parent} {command.Name}", command));
}
