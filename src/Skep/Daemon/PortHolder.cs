using System.Globalization;
using System.Text;

namespace Skep.Daemon;

/// <summary>Finds which process listens on a TCP port, by the kernel's socket tables.</summary>
internal static class PortHolder
{
    private const string Listening = "0A";
    private const int CommandLineMax = 120;

    /// <summary>"process 123 (nginx: /usr/sbin/nginx -g …)", or a hint when it cannot be seen from here.</summary>
    public static string Describe(int port)
    {
        var inodes = FindInodes(port).Select(inode => $"socket:[{inode}]").ToHashSet();
        if (inodes.Count == 0)
            return "a process outside this one's view (another network namespace or container)";
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var pid) && Owns(directory, inodes))
                return $"process {pid} ({NameOf(directory)})";
        }

        return "another user's process (run as root to see which)";
    }

    private static IEnumerable<string> FindInodes(int port)
    {
        foreach (var table in (string[])["/proc/net/tcp", "/proc/net/tcp6"])
        {
            if (!File.Exists(table))
                continue;
            foreach (var line in File.ReadLines(table).Skip(1))
            {
                // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields[3] == Listening && Convert.ToInt32(fields[1][(fields[1].LastIndexOf(':') + 1)..], 16) == port)
                    yield return fields[9];
            }
        }
    }

    private static bool Owns(string processDirectory, HashSet<string> inodes)
    {
        try
        {
            return Directory.EnumerateFiles(Path.Combine(processDirectory, "fd"))
                .Any(fd => File.ResolveLinkTarget(fd, returnFinalTarget: false) is { } target && inodes.Contains(Path.GetFileName(target.FullName)));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return false; // it ended, or is not ours to look into
        }
    }

    private static string NameOf(string processDirectory)
    {
        try
        {
            var name = File.ReadAllText(Path.Combine(processDirectory, "comm")).Trim();
            var commandLine = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(processDirectory, "cmdline"))).Replace('\0', ' ').Trim();
            return $"{name}: {(commandLine.Length > CommandLineMax ? commandLine[..CommandLineMax] + "…" : commandLine)}";
        }
        catch (IOException)
        {
            return "it has just ended";
        }
    }
}
