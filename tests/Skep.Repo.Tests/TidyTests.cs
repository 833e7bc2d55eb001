using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Skep.Repo.Tests;

/// <summary>Rules that no analyzer can express.</summary>
public sealed partial class TidyTests
{
    // Put together from pieces, so that this file keeps its own rules.
    private static readonly string[] _unfinished = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "NotImplemented" + "Exception"];
    private static readonly string[] _workplace = ["/wo" + "rk/", "/shared/" + "notes", "BRIEF" + ".md"];
    private static readonly string[] _code = ["src", "tools", "bench", "web"];

    [Fact]
    public void Rooms_reference_only_rooms_on_lower_floors()
    {
        var floors = Floors();
        var problems = new List<string>();
        foreach (var project in Repository.Under(["src"], ".csproj"))
        {
            var room = Path.GetFileNameWithoutExtension(project);
            foreach (var reference in References(project))
            {
                if (!floors.TryGetValue(reference, out var below))
                    problems.Add($"{room} references {reference}, which is no room of ARCHITECTURE.md");
                else if (below >= floors[room])
                    problems.Add($"{room} (floor {floors[room]}) references {reference} (floor {below})");
            }
        }

        AssertNone(problems);
    }

    [Fact]
    public void The_map_has_every_room_and_every_room_is_on_the_map()
    {
        var projects = Repository.Under(["src"], ".csproj").Select(p => Path.GetFileNameWithoutExtension(p)!).Order(StringComparer.Ordinal);
        Assert.Equal(projects, Floors().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var listed = XDocument.Parse(Repository.Read("Skep.slnx")).Descendants("Project").Select(p => (string)p.Attribute("Path")!).Order(StringComparer.Ordinal);
        var projects = Repository.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal));
        Assert.Equal(projects, listed);
    }

    [Fact]
    public void Links_between_pages_lead_somewhere()
    {
        var problems = new List<string>();
        foreach (var page in Repository.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal)))
        {
            foreach (var target in Links(page))
            {
                var (path, anchor) = target.Split('#', 2) is [var p, var a] ? (p, a) : (target, "");
                var file = path.Length == 0 ? page : Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, Uri.UnescapeDataString(path))));
                if (!Repository.Exists(file))
                    problems.Add($"{page}: {target} does not exist");
                else if (anchor.Length > 0 && file.EndsWith(".md", StringComparison.Ordinal) && !Anchors(file).Contains(anchor))
                    problems.Add($"{page}: {target}: no such heading");
            }
        }

        AssertNone(problems);
    }

    [Fact]
    public void Nothing_is_left_unfinished()
    {
        AssertNone(
            from file in Repository.Under(_code, ".cs", ".ts", ".tsx", ".csproj", ".sql", ".sh")
            from line in Repository.Lines(file)
            from word in _unfinished
            where Regex.IsMatch(line.Text, $@"\b{word}\b")
            select $"{file}:{line.Number}: {word}");
    }

    [Fact]
    public void The_repository_does_not_speak_of_the_place_where_it_was_written()
    {
        AssertNone(
            from file in Repository.Files
            from line in Repository.Lines(file)
            from word in _workplace
            where line.Text.Contains(word, StringComparison.Ordinal)
            select $"{file}:{line.Number}: {word}");
    }

    [Fact]
    public void Every_package_has_a_reason_and_a_licence()
    {
        var packages = XDocument.Parse(Repository.Read("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(p => (Name: (string)p.Attribute("Include")!, Version: (string)p.Attribute("Version")!));
        var listed = PackageRow().Matches(Repository.Read("docs/dependencies.md"))
            .Select(m => (Name: m.Groups["name"].Value, Version: m.Groups["version"].Value));
        Assert.Equal(packages.OrderBy(p => p.Name, StringComparer.Ordinal), listed.OrderBy(p => p.Name, StringComparer.Ordinal));
    }

    [Fact]
    public void Only_tests_reference_packages_that_are_for_tests()
    {
        // What reflects or generates code at run time does not survive trimming.
        AssertNone(
            from project in Repository.Under(["src"], ".csproj", ".props")
            from reference in XDocument.Parse(Repository.Read(project)).Descendants("PackageReference")
            let name = (string?)reference.Attribute("Include") ?? ""
            where name.StartsWith("xunit", StringComparison.Ordinal) || name is "FsCheck" or "FSharp.Core"
            select $"{project} references {name}");
    }

    /// <summary>The floors as the table of ARCHITECTURE.md has them.</summary>
    private static Dictionary<string, int> Floors() =>
        FloorRow().Matches(Repository.Read("ARCHITECTURE.md")).ToDictionary(m => m.Groups["room"].Value, m => int.Parse(m.Groups["floor"].Value), StringComparer.Ordinal);

    private static IEnumerable<string> References(string project) =>
        XDocument.Parse(Repository.Read(project)).Descendants("ProjectReference")
            // A build tool is not a room: its output is not referenced.
            .Where(r => (string?)r.Attribute("ReferenceOutputAssembly") != "false")
            .Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!));

    private static IEnumerable<string> Links(string page)
    {
        // What is code is no link.
        var text = Code().Replace(Repository.Read(page), "");
        return MarkdownLink().Matches(text).Select(m => m.Groups["target"].Value)
            .Where(t => !t.Contains("://", StringComparison.Ordinal) && !t.StartsWith("mailto:", StringComparison.Ordinal));
    }

    /// <summary>The anchors that GitHub makes of headings: lower case, punctuation dropped, blanks to dashes.</summary>
    private static HashSet<string> Anchors(string page)
    {
        var text = FencedCode().Replace(Repository.Read(page), "");
        return [.. Heading().Matches(text).Select(m => Punctuation().Replace(m.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];
    }

    private static void AssertNone(IEnumerable<string> problems)
    {
        var text = string.Join('\n', problems);
        Assert.True(text.Length == 0, text);
    }

    [GeneratedRegex(@"^\|\s*(?<floor>\d)\s*\|\s*`src/(?<room>[\w.]+)`", RegexOptions.Multiline)]
    private static partial Regex FloorRow();

    [GeneratedRegex(@"^\|\s*(?<name>[\w.]+)\s*\|\s*(?<version>\d[\w.-]*)\s*\|\s*\w[^|]*\|\s*\w[^|]*\|\s*$", RegexOptions.Multiline)]
    private static partial Regex PackageRow();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)[^)]*\)")]
    private static partial Regex MarkdownLink();

    [GeneratedRegex(@"^```.*?^```|`[^`\n]*`", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FencedCode();

    [GeneratedRegex(@"^#+\s+(?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Punctuation();
}
