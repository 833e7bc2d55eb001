using System.Globalization;
using System.Text;

namespace Skep.S3.Logging;

/// <summary>
/// Log lines on their way: appended to a file at once, which the system keeps when the process ends in whatever way (not when the
/// machine does: nothing is synced). Files that are to be delivered are closed and renamed. Used by one task at a time.
/// </summary>
internal sealed class LogSpool(string directory) : IDisposable
{
    /// <summary>A file that is so long is closed: it is delivered through memory.</summary>
    public const long FileBytesMax = 8L * 1024 * 1024;

    /// <summary>When so many files wait, lines are dropped.</summary>
    private const int FilesMax = 32;

    private const string OpenName = "open.log";
    private const string ClosedPrefix = "closed-";

    private FileStream? _file;
    private long _next;

    /// <summary>Finds what the process before left.</summary>
    public void Open()
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _next = Closed().Select(f => long.Parse(Path.GetFileName(f).AsSpan(ClosedPrefix.Length), CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max() + 1;
        Close();
    }

    /// <summary>Appends a line.</summary>
    /// <returns>False when it was dropped because too much waits.</returns>
    public bool Append(SpooledLine line)
    {
        if (_file is { Length: >= FileBytesMax })
            Close();
        if (_file is null && Closed().Count >= FilesMax)
            return false;
        _file ??= new FileStream(Path.Combine(directory, OpenName), FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _file.Write(Encoding.UTF8.GetBytes($"{line.Bucket}\t{line.Line}\n"));
        return true;
    }

    /// <summary>Closes what is open, and names the files that are to be delivered, the oldest first.</summary>
    public IReadOnlyList<string> Close()
    {
        _file?.Dispose();
        _file = null;
        var open = Path.Combine(directory, OpenName);
        if (File.Exists(open))
            File.Move(open, Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{ClosedPrefix}{_next++:D16}")));
        return Closed();
    }

    /// <summary>The lines of a closed file; what was written in part at its end is left out.</summary>
    public static async IAsyncEnumerable<SpooledLine> ReadAsync(string file)
    {
        await foreach (var line in File.ReadLinesAsync(file))
        {
            if (line.IndexOf('\t', StringComparison.Ordinal) is > 0 and var tab)
                yield return new SpooledLine(line[..tab], line[(tab + 1)..]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private List<string> Closed() => [.. Directory.GetFiles(directory, ClosedPrefix + "*").Order(StringComparer.Ordinal)];
}

/// <summary>A line and the bucket that it is about.</summary>
internal readonly record struct SpooledLine(string Bucket, string Line);
