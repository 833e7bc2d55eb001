using System.Text.Json;
using System.Text.Json.Serialization;
using Skep.Core.Hosting;
using Skep.Linux;

namespace Skep.Daemon;

/// <summary>
/// What a running daemon says of itself in <c>daemon.json</c>, for <c>skep status</c> and for verbs that look for the
/// endpoint. Written whole, removed at the end; what a killed daemon left behind is recognised by the lock.
/// </summary>
internal sealed record DaemonState
{
    /// <summary>The name of the file in the data directory.</summary>
    public const string FileName = "daemon.json";

    /// <summary>The process.</summary>
    public required int Pid { get; init; }

    /// <summary>Tells the process from a later one with the same id.</summary>
    public required long StartTicks { get; init; }

    /// <summary>The program's version.</summary>
    public required string Version { get; init; }

    /// <summary>Whether it takes requests.</summary>
    public required bool Ready { get; init; }

    /// <summary>ADDRESS:PORT to connect to; null before it listens.</summary>
    public string? Address { get; init; }

    /// <summary>The same as a URL.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The URL of the port of S3 alone; null when there is none.</summary>
    public string? S3Endpoint { get; init; }

    /// <summary>This machine's name among the nodes.</summary>
    public required string NodeName { get; init; }

    /// <summary>Whether machines are simulated.</summary>
    public required bool Simulated { get; init; }

    /// <summary>When the process began.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>The state of the daemon that has a data directory open now, or null.</summary>
    public static DaemonState? FindRunning(string dataDirectory)
    {
        if (DataDirectory.FindHolder(dataDirectory) is not { } holder || !holder.IsAlive())
            return null;
        try
        {
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(dataDirectory, FileName)), DaemonJson.Default.DaemonState);
            return state is not null && state.Pid == holder.ProcessId && state.StartTicks == holder.StartTicks ? state : null;
        }
        catch (Exception ex) when (ex is FileNotFoundException or JsonException)
        {
            return null; // it has not come that far
        }
    }

    /// <summary>Writes the file.</summary>
    public void Save(string dataDirectory) =>
        AtomicFile.Write(Path.Combine(dataDirectory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, DaemonJson.Default.DaemonState), AtomicFile.Public);

    /// <summary>Removes the file.</summary>
    public static void Remove(string dataDirectory) => File.Delete(Path.Combine(dataDirectory, FileName));
}

/// <summary>Serializer metadata of the daemon's files and of the JSON output of its verbs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DaemonState))]
[JsonSerializable(typeof(NodeSettings))]
internal sealed partial class DaemonJson : JsonSerializerContext;
