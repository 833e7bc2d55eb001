using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;

namespace Skep.Linux;

/// <summary>
/// Gives back memory that only the start of a long-lived process needed: garbage, and the program file's pages. A
/// start runs through most of the program once, and the kernel maps sixteen pages for each one touched; what runs
/// afterwards is a small part. Unmapped pages stay in the page cache and come back, when they are needed, by a minor fault.
/// </summary>
public static partial class WorkingSet
{
    private const int DontNeed = 4; // MADV_DONTNEED

    /// <summary>Does it. Takes some milliseconds.</summary>
    public static void Trim()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        if (Environment.ProcessPath is not { } program)
            return;
        foreach (var (start, length) in FindCleanMappings(File.ReadLines("/proc/self/smaps"), program).ToList())
        {
            // A refusal changes nothing: the pages stay where they are.
            _ = Advise(start, length, DontNeed);
        }
    }

    /// <summary>The read-only mappings of a file of which this process has no copy of its own, so that dropping them loses nothing.</summary>
    internal static IEnumerable<(nint Start, nint Length)> FindCleanMappings(IEnumerable<string> smaps, string path)
    {
        (nint Start, nint Length)? candidate = null;
        foreach (var line in smaps)
        {
            // A mapping: "start-end perms offset device inode   path", followed by its figures: "Anonymous:   0 kB".
            var fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            if (!fields[0].EndsWith(':'))
            {
                candidate = fields is [var range, ['r', '-', ..], _, _, _, var name] && name.Trim() == path ? Parse(range) : null;
            }
            else if (fields[0] == "Anonymous:" && candidate is { } mapping)
            {
                if (fields[1] == "0")
                    yield return mapping;
                candidate = null;
            }
        }
    }

    private static (nint Start, nint Length) Parse(string range)
    {
        var dash = range.IndexOf('-', StringComparison.Ordinal);
        var start = nint.Parse(range.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (start, nint.Parse(range.AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture) - start);
    }

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(nint address, nint length, int advice);
}
