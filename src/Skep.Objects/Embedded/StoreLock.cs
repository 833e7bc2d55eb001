using System.Globalization;
using System.Text;

namespace Skep.Objects.Embedded;

/// <summary>Keeps a second process off a store. A file of its own: closing a handle on the database would drop SQLite's locks.</summary>
internal static class StoreLock
{
    /// <summary>Takes the lock; it goes with the process.</summary>
    /// <exception cref="IOException">Another process has it.</exception>
    public static FileStream Take(string directory)
    {
        var path = Path.Combine(directory, "lock");
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return file;
        }
        catch (IOException ex)
        {
            throw new IOException($"it is in use by another process, or its lock cannot be made: {ex.Message}", ex);
        }
    }
}
