using System.Globalization;

namespace Skep.Core.Store.Sqlite;

/// <summary>
/// Keeps a second process off a database while one has it open: each would decide changes against a view of its own. A
/// file beside the database, because closing any handle on the database itself would drop SQLite's own locks.
/// </summary>
internal sealed class DatabaseLock : IDisposable
{
    private readonly FileStream _file;

    private DatabaseLock(FileStream file) => _file = file;

    /// <summary>Takes the lock; it goes with the process.</summary>
    /// <exception cref="IOException">Another process has it; the message says which.</exception>
    public static DatabaseLock Take(string databasePath)
    {
        var path = databasePath + ".lock";
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException ex) when (ex is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new IOException($"{databasePath} is in use by another process{Owner(path)}: {ex.Message}", ex);
        }

        file.SetLength(0);
        file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        file.Flush();
        return new DatabaseLock(file);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static string Owner(string path)
    {
        try
        {
            using var reader = new StreamReader(new FileStream(NativeFile.OpenRead(path), FileAccess.Read));
            return int.TryParse(reader.ReadToEnd(), out var pid) ? $" (process {pid})" : "";
        }
        catch (IOException)
        {
            return ""; // the owner just left; the message is as true without its number
        }
    }
}
