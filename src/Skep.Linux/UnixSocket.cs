using System.Globalization;

namespace Skep.Linux;

/// <summary>Unix sockets of this network namespace, as the kernel lists them (proc(5), /proc/net/unix).</summary>
public static class UnixSocket
{
    private const string TablePath = "/proc/net/unix";

    /// <summary>__SO_ACCEPTCON: listen(2) was called.</summary>
    private const long Listening = 0x10000;

    /// <summary>
    /// Whether somebody listens on a path, without connecting: between bind(2), which makes the file, and listen(2),
    /// connections are refused.
    /// </summary>
    /// <param name="path">The path as the server was given it.</param>
    public static bool IsListening(string path) => File.Exists(path) && IsListening(File.ReadLines(TablePath), path);

    /// <summary>The same of a table's lines: "Num RefCount Protocol Flags Type St Inode Path".</summary>
    internal static bool IsListening(IEnumerable<string> table, string path)
    {
        foreach (var line in table)
        {
            var fields = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
            if (fields is [_, _, _, var flags, _, _, _, var name] && name == path
                && long.TryParse(flags, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var bits) && (bits & Listening) != 0)
                return true;
        }

        return false;
    }
}
