using System.Text.Json;
using Skep.Linux;

namespace Skep.Daemon;

/// <summary>
/// As which node the data directory was last run, in <c>node.json</c>: <c>skep down --purge</c> must terminate machines
/// as the same node and in the same way as they were started, even when no daemon runs any more.
/// </summary>
internal sealed record NodeSettings
{
    private const string FileName = "node.json";

    /// <summary>The machine's name among the nodes.</summary>
    public required string NodeName { get; init; }

    /// <summary>Whether machines are simulated.</summary>
    public required bool Simulated { get; init; }

    /// <summary>Reads the file; null when no daemon has run here.</summary>
    /// <exception cref="JsonException">It is not what the daemon wrote.</exception>
    public static NodeSettings? Read(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), DaemonJson.Default.NodeSettings) : null;
    }

    /// <summary>Writes the file.</summary>
    public void Save(string dataDirectory) =>
        AtomicFile.Write(Path.Combine(dataDirectory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, DaemonJson.Default.NodeSettings), AtomicFile.Public);
}
