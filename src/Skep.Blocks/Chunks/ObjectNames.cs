using System.Buffers;

namespace Skep.Blocks.Chunks;

/// <summary>The keys of a chunk store's objects.</summary>
internal static class ObjectNames
{
    /// <summary>Says that this is a chunk store, and of which version.</summary>
    public const string Store = "chunk-store";

    /// <summary>Manifests, and the gravestones of snapshots that were given up.</summary>
    public const string Snapshots = "snapshots/";

    /// <summary>Snapshots being made: a marker each, and parts of their tables.</summary>
    public const string Pending = "pending/";

    /// <summary>Packs.</summary>
    public const string Packs = "packs/";

    /// <summary>Packs that are to be deleted after the grace.</summary>
    public const string Condemned = "condemned/";

    private const string MarkerName = "/marker";
    private const int SnapshotIdLengthMax = 128;
    private static readonly SearchValues<char> _idCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    public static string Snapshot(string id) => Snapshots + id;

    public static string Pack(string id) => Packs + id;

    public static string CondemnedPack(string id) => Condemned + id;

    public static string PendingFolder(string id) => $"{Pending}{id}/";

    public static string Marker(string id) => Pending + id + MarkerName;

    public static string Part(string id, int number) => $"{Pending}{id}/part-{number:00000000}";

    /// <summary>The snapshot's id when a key is that of a marker.</summary>
    public static string? MarkerId(string key) =>
        key.EndsWith(MarkerName, StringComparison.Ordinal) ? key[Pending.Length..^MarkerName.Length] : null;

    public static void CheckId(string id)
    {
        if (id.Length is 0 or > SnapshotIdLengthMax || id.AsSpan().ContainsAnyExcept(_idCharacters))
            throw new ChunkStoreException(ChunkStoreError.Invalid, $"\"{id}\" is no id of a snapshot: expected 1 to {SnapshotIdLengthMax} letters, digits, - or _");
    }
}
