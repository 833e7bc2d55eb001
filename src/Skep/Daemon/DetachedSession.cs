using System.Globalization;
using System.Runtime.InteropServices;
using Skep.Cli;
using Skep.Core.Hosting;
using Skep.Linux;

namespace Skep.Daemon;

/// <summary>
/// What <c>skep up --detach</c> does in the new process: a session of its own (a closing terminal does not end it), and
/// all output to <c>daemon.log</c>.
/// </summary>
internal static partial class DetachedSession
{
    /// <summary>The name of the log in the data directory; the one before is daemon.log.1.</summary>
    public const string LogName = "daemon.log";

    /// <summary>Set by the starting process: the data directory.</summary>
    public const string Variable = "SKEP_DETACHED";

    private const long LogBytesMax = 16 * 1024 * 1024;
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const int CloseOnExec = 0x80000; // O_CLOEXEC, open(2)

    /// <summary>Enters such a session when the environment says so.</summary>
    public static void EnterIfAsked()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } dataDirectory)
            return;
        Environment.SetEnvironmentVariable(Variable, null); // not for the processes this one starts
        try
        {
            DataDirectory.Prepare(dataDirectory);
            Redirect(dataDirectory);
        }
        catch (Exception ex) when (ex is DataDirectoryException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"skep: {ex.Message}");
            Environment.Exit(ExitCode.Failure);
        }
    }

    private static void Redirect(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, LogName);
        if (new FileInfo(path) is { Exists: true, Length: > LogBytesMax })
            File.Move(path, path + ".1", overwrite: true);
        using var log = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = AtomicFile.OwnerOnly,
        });
        using var nothing = File.OpenHandle("/dev/null");
        // A process group's leader cannot begin a session; then it already has one.
        _ = StartSession();
        var copies = FindCopies();
        Check(Duplicate(nothing, StandardInput));
        Check(Duplicate(log.SafeFileHandle, StandardOutput));
        Check(Duplicate(log.SafeFileHandle, StandardError));
        foreach (var copy in copies)
            Check(Duplicate(nothing, copy, CloseOnExec));
    }

    /// <summary>
    /// The runtime duplicates the standard descriptors for itself before any code of ours runs. A copy that stays open
    /// keeps the pipe of whoever started us from ending: `skep up --detach | cat` would never return.
    /// </summary>
    private static List<int> FindCopies()
    {
        const string Descriptors = "/proc/self/fd";
        var standard = new[] { StandardInput, StandardOutput, StandardError }
            .Select(TargetOf)
            .Where(t => t is not null && (t.StartsWith("pipe:", StringComparison.Ordinal) || t.StartsWith("socket:", StringComparison.Ordinal) || t.StartsWith("/dev/pts/", StringComparison.Ordinal)))
            .ToHashSet(StringComparer.Ordinal);
        return [.. Directory.EnumerateFileSystemEntries(Descriptors)
            .Select(entry => int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture))
            .Where(descriptor => descriptor > StandardError && standard.Contains(TargetOf(descriptor)))];

        static string? TargetOf(int descriptor) => new FileInfo($"{Descriptors}/{descriptor}").LinkTarget;
    }

    private static void Check(int result)
    {
        if (result < 0)
            throw new IOException($"output cannot be redirected: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int StartSession();

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(SafeHandle from, int to);

    [LibraryImport("libc", EntryPoint = "dup3", SetLastError = true)]
    private static partial int Duplicate(SafeHandle from, int to, int flags);
}
