using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Linux.DiskImages;

/// <summary>
/// A passphrase in a file for a program that reads it at its start: in memory (tmpfs) where the system has that, readable by
/// its owner alone, and gone when this is disposed. Command lines and environments of processes can be read by others.
/// </summary>
public sealed class SecretFile : IDisposable
{
    private const string Prefix = "skep-key-";
    private const string MemoryFolder = "/dev/shm";
    private const int RandomDigits = 32;

    private SecretFile(string path) => Path = path;

    /// <summary>Where it is.</summary>
    public string Path { get; }

    private static string Folder => Directory.Exists(MemoryFolder) ? MemoryFolder : System.IO.Path.GetTempPath();

    /// <summary>Writes the file; it belongs to this process' user.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static SecretFile Create(DiskPassphrase passphrase)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(RandomDigits, lowercase: true)}");
        var secret = new SecretFile(System.IO.Path.Combine(Folder, name));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        try
        {
            using var stream = new FileStream(secret.Path, options);
            stream.Write(Encoding.UTF8.GetBytes(passphrase.Reveal()));
            return secret;
        }
        catch
        {
            secret.Dispose();
            throw;
        }
    }

    /// <summary>Removes what processes of this user that were killed have left.</summary>
    public static void RemoveAbandoned()
    {
        foreach (var path in Directory.EnumerateFiles(Folder, Prefix + "*"))
        {
            var process = System.IO.Path.GetFileName(path)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(process, CultureInfo.InvariantCulture, out _) && !Directory.Exists($"/proc/{process}"))
                TryDelete(path);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => File.Delete(Path);

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's, who removes it.
        }
    }
}
