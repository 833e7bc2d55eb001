using System.Globalization;

namespace Skep.Linux;

/// <summary>
/// The pages of this process that are unchanged parts of files: code and constants. The kernel maps sixteen around every
/// one that is touched, so a program that has just started holds most of its file. Thread-safe.
/// </summary>
public static class MappedCode
{
    private const string StatmPath = "/proc/self/statm";
    private const string SmapsPath = "/proc/self/smaps";

    /// <summary>How many bytes of files, and of memory that is shared, this process has mapped and present; 0 where the kernel does not tell.</summary>
    public static long ReadResidentBytes() => File.Exists(StatmPath) ? ParseShared(File.ReadAllText(StatmPath)) * Environment.SystemPageSize : 0;

    /// <summary>
    /// Unmaps them. What is needed again comes back from the page cache at the first touch, a microsecond or so a page.
    /// </summary>
    public static void Release()
    {
        // Kernels can be built without.
        if (!File.Exists(SmapsPath))
            return;
        foreach (var (start, length) in Find(File.ReadLines(SmapsPath)))
        {
            // Advice: where the kernel does not take it, the pages stay.
            _ = NativeMethods.madvise(start, length, NativeMethods.MADV_DONTNEED);
        }
    }

    /// <summary>The mappings in /proc/PID/smaps that can be dropped: of a file, not writable and never written.</summary>
    internal static IEnumerable<(nint Start, nuint Length)> Find(IEnumerable<string> smaps)
    {
        (nint Start, nuint Length)? candidate = null;
        foreach (var line in smaps)
        {
            // "562f590f0000-562f5a237000 r-xp 017ed000 fe:00 5341234   /usr/bin/skep", then "Name:   value kB" lines.
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields is [var range, var mode, _, _, _, ..] && !range.EndsWith(':'))
            {
                candidate = fields is [_, "r-xp" or "r--p" or "r--s", _, _, _, ['/', ..], ..] ? Parse(range) : null;
            }
            else if (candidate is not null && fields is ["Anonymous:", var anonymous, ..])
            {
                // Pages that are anonymous were written before the mapping became read-only: their content is nowhere else.
                if (anonymous == "0")
                    yield return candidate.Value;
                candidate = null;
            }
        }
    }

    /// <summary>The pages that are of files or shared, in /proc/PID/statm: the third of "size resident shared text lib data dt".</summary>
    internal static long ParseShared(string statm) => statm.Split(' ') is [_, _, var shared, ..] ? long.Parse(shared, CultureInfo.InvariantCulture) : 0;

    private static (nint Start, nuint Length) Parse(string range)
    {
        var dash = range.IndexOf('-', StringComparison.Ordinal);
        var start = ulong.Parse(range.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var end = ulong.Parse(range.AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return ((nint)start, (nuint)(end - start));
    }
}
