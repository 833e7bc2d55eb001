using System.Globalization;
using System.Text;

namespace Skep.SystemTests.Machines;

/// <summary>Finds what a data directory's daemon has left behind outside of its database.</summary>
internal static class Leaks
{
    /// <summary>Processes that name the data directory, but for daemons and clients (they take it after --data).</summary>
    public static IReadOnlyList<(int Pid, string CommandLine)> Processes(string dataDirectory)
    {
        var found = new List<(int, string)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                continue;
            var arguments = ReadArguments(directory);
            if (!arguments.Contains("--data") && arguments.Any(a => a.Contains(dataDirectory, StringComparison.Ordinal)))
                found.Add((pid, string.Join(' ', arguments)));
        }

        return found;
    }

    /// <summary>Where the daemon serves snapshots to volumes that are made of them, from the first one on as long as it runs.</summary>
    private const string SnapshotSocket = "snapshots.sock";

    /// <summary>Files and directories in folders of the data directory.</summary>
    public static IEnumerable<string> Files(string dataDirectory, params string[] folders) =>
        folders.Select(f => Path.Combine(dataDirectory, f)).Where(Directory.Exists).SelectMany(Directory.EnumerateFileSystemEntries)
            .Where(f => Path.GetFileName(f) != SnapshotSocket);

    private static string[] ReadArguments(string directory)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(directory, "cmdline"))).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return []; // it has just ended
        }
    }
}
