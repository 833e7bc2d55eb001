using System.Text.Json;
using System.Text.Json.Serialization;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Linux.Processes;

namespace Skep.Core.Hosting;

/// <summary>A data directory cannot be used; the message says which, why, and what to do.</summary>
public sealed class DataDirectoryException(string message) : Exception(message);

/// <summary>
/// The directory that holds all state, open for one daemon alone: nobody else has it until this is disposed.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    /// <summary>The layout this program writes. A newer one is refused; an older one is brought up to it.</summary>
    public const int FormatNewest = 1;

    private const string MarkerName = "skep.json";
    private const string LockName = "lock";

    /// <summary>Others may pass through (virtual machines run as another user) but not look around.</summary>
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly FileLock _lock;

    private DataDirectory(string path, DataDirectoryMarker marker, FileLock fileLock)
    {
        FullPath = path;
        HostPrefix = marker.HostPrefix;
        _lock = fileLock;
    }

    /// <summary>Where it is.</summary>
    public string FullPath { get; }

    /// <summary>See <see cref="SkepOptions.HostPrefix"/>.</summary>
    public string HostPrefix { get; }

    /// <summary>The process that has a data directory open, or null.</summary>
    public static ProcessIdentity? FindHolder(string path) =>
        FileLock.ReadHolder(Path.Combine(path, LockName)) is { } holder ? ProcessIdentity.Parse(holder) : null;

    /// <summary>Whether a directory was made by this program.</summary>
    public static bool IsOne(string path) => File.Exists(Path.Combine(path, MarkerName));

    /// <summary>Opens a data directory, making it on first start.</summary>
    /// <exception cref="DataDirectoryException">Another process has it, it belongs to a newer version, it holds something
    /// else, or it cannot be written.</exception>
    public static DataDirectory Open(string path, string version, IIdSource ids)
    {
        FileLock? fileLock = null;
        try
        {
            Prepare(path);
            fileLock = FileLock.TryTake(Path.Combine(path, LockName), ProcessIdentity.Current.ToString());
            if (fileLock is null)
            {
                var holder = FindHolder(path) is { } process ? $"process {process.ProcessId}" : "another process";
                throw new DataDirectoryException($"{path} is in use by {holder}: stop that daemon with `skep down --data {path}`, or use another --data");
            }

            return new DataDirectory(path, ReadOrCreateMarker(path, version, ids), fileLock);
        }
        catch (Exception ex)
        {
            fileLock?.Dispose();
            if (ex is UnauthorizedAccessException or IOException)
                throw Unusable(path, ex);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    /// <summary>Makes the directory if it is not there, and refuses one that holds something else.</summary>
    /// <exception cref="DataDirectoryException">It cannot be one.</exception>
    public static void Prepare(string path)
    {
        if (File.Exists(path))
            throw new DataDirectoryException($"{path} is a file: a data directory must be a directory");
        try
        {
            if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(path, DirectoryMode);
                File.SetUnixFileMode(path, DirectoryMode); // whatever the umask says
                return;
            }

            // A directory that somebody else filled is left alone: `down --purge` would otherwise remove it one day.
            if (!IsOne(path) && Directory.EnumerateFileSystemEntries(path).Any(e => !IsOurs(Path.GetFileName(e))))
                throw new DataDirectoryException($"{path} is not empty and holds no Skep data: use another --data, or an empty directory");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, ex);
        }
    }

    private static DataDirectoryException Unusable(string path, Exception ex) =>
        new($"{path} cannot be used: {ex.Message} Run as a user that may write there, or use another --data");

    /// <summary>What a start that was interrupted before the marker, or a detached one, may have left.</summary>
    private static bool IsOurs(string name) => name is LockName or MarkerName or MarkerName + ".new" or "daemon.log";

    private static DataDirectoryMarker ReadOrCreateMarker(string path, string version, IIdSource ids)
    {
        var file = Path.Combine(path, MarkerName);
        if (!File.Exists(file))
        {
            var made = new DataDirectoryMarker { Format = FormatNewest, HostPrefix = $"sk{ids.NewSuffix(3)}", CreatedBy = version };
            AtomicFile.Write(file, JsonSerializer.SerializeToUtf8Bytes(made, DataDirectoryJson.Default.DataDirectoryMarker), AtomicFile.Public);
            return made;
        }

        try
        {
            var marker = JsonSerializer.Deserialize(File.ReadAllBytes(file), DataDirectoryJson.Default.DataDirectoryMarker)
                ?? throw new JsonException("it is empty");
            return marker.Format <= FormatNewest
                ? marker
                : throw new DataDirectoryException($"{path} was written by a newer Skep (format {marker.Format}; skep {version} knows formats up to {FormatNewest}): upgrade the program, or use another --data");
        }
        catch (JsonException ex)
        {
            throw new DataDirectoryException($"{file} cannot be read: {ex.Message}");
        }
    }
}

/// <summary>What <c>skep.json</c> says about a data directory.</summary>
internal sealed record DataDirectoryMarker
{
    public required int Format { get; init; }
    public required string HostPrefix { get; init; }
    public string? CreatedBy { get; init; }
}

/// <summary>Serializer metadata of <see cref="DataDirectoryMarker"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DataDirectoryMarker))]
internal sealed partial class DataDirectoryJson : JsonSerializerContext;
