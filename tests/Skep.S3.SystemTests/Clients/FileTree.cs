using System.Security.Cryptography;

namespace Skep.S3.SystemTests.Clients;

/// <summary>Directories of files that clients carry about, and what is in them by hash.</summary>
internal static class FileTree
{
    /// <summary>Makes files of sizes around the store's limits, with names that need care.</summary>
    public static async Task<string> MakeAsync(string directory, int seed, CancellationToken ct)
    {
        var random = new Random(seed);
        foreach (var (name, length) in ((string, int)[])
            [("empty", 0), ("one", 1), ("plus+and space", 300), ("a/small", 4_096), ("a/b/inline", 65_536), ("a/b/file", 65_537), ("a/b.c", 5_000), ("ü/größe & ~=;.txt", 70_000), ("100%/é", 10), ("large", 12_000_000)])
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            var path = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, bytes, ct);
        }

        return directory;
    }

    /// <summary>What is there: "name hash" of every file, sorted.</summary>
    public static async Task<IReadOnlyList<string>> HashAsync(string directory, CancellationToken ct)
    {
        var lines = new List<string>();
        foreach (var path in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            lines.Add($"{Path.GetRelativePath(directory, path)} {await HashFileAsync(path, ct)}");
        return lines;
    }

    /// <summary>The SHA-256 of a file.</summary>
    public static async Task<string> HashFileAsync(string path, CancellationToken ct)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
    }
}
