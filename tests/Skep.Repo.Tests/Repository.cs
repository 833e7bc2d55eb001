using Skep.Testing;

namespace Skep.Repo.Tests;

/// <summary>The repository's own files: what a clone has, without what builds and tools leave behind.</summary>
internal static class Repository
{
    private static readonly string[] _notOurs = [".git", ".vs", "bin", "obj", "out", "TestResults", "node_modules", "__pycache__"];

    public static string Root => RepositoryRoot.Path;

    /// <summary>Paths relative to the root, ordered.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Find(new DirectoryInfo(Root)).Select(f => Path.GetRelativePath(Root, f)).Order(StringComparer.Ordinal)];

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static bool Exists(string path) => Path.Exists(Path.Combine(Root, path));

    /// <summary>Files under one of some folders with one of some endings.</summary>
    public static IEnumerable<string> Under(string[] folders, params string[] endings) =>
        Files.Where(f => folders.Any(d => f.StartsWith(d + "/", StringComparison.Ordinal)) && endings.Any(e => f.EndsWith(e, StringComparison.Ordinal)));

    /// <summary>A file's lines with their numbers; none for binary files.</summary>
    public static IEnumerable<(int Number, string Text)> Lines(string path)
    {
        var text = Read(path);
        return text.Contains('\0', StringComparison.Ordinal) ? [] : text.Split('\n').Select((line, i) => (i + 1, line));
    }

    private static IEnumerable<string> Find(DirectoryInfo directory)
    {
        foreach (var file in directory.EnumerateFiles())
        {
            // In a linked working tree .git is a file.
            if (file.LinkTarget is null && file.Name != ".git")
                yield return file.FullName;
        }

        foreach (var child in directory.EnumerateDirectories().Where(d => !_notOurs.Contains(d.Name) && d.LinkTarget is null))
        {
            foreach (var file in Find(child))
                yield return file;
        }
    }
}
