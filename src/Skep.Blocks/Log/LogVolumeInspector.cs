using Skep.Blocks.Keys;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

/// <summary>Looks at volumes without taking them from their writers.</summary>
public static class LogVolumeInspector
{
    private const int DamagesMax = 1000;

    /// <summary>
    /// Opens what the store has of a volume, or one of its snapshots, for reading. A snapshot stays as it is; the volume
    /// itself is read as it is now, and stays readable only until its writer's garbage collection moves what it reads.
    /// </summary>
    /// <exception cref="LogFormatException">There is no such volume or snapshot, or it cannot be read.</exception>
    public static async Task<IBlockDevice> OpenAsync(IObjectStore store, string name, string? snapshotId, IKeyRing? keys, LogVolumeServices services, CancellationToken ct)
    {
        var view = await LoadAsync(store, name, keys, services, ct);
        if (snapshotId is null)
        {
            return view.State.HasBase
                ? throw new LogFormatException(LogFormatError.Missing, $"volume {name} still reads from its base and cannot be read without it")
                : new LogSnapshotDevice($"volume {name}", view.State, view.Blocks);
        }
        var snapshot = view.State.FindSnapshot(snapshotId)
            ?? throw new LogFormatException(LogFormatError.Missing, $"volume {name} has no snapshot {snapshotId}");
        var state = await view.Loader.LoadSnapshotAsync(view.Identity, snapshot.RecordNumber, view.State.Checkpoint?.CheckpointNumber ?? 0, ct);
        return new LogSnapshotDevice($"snapshot {snapshotId} of volume {name}", state, view.Blocks);
    }

    /// <summary>The snapshots of a volume, the oldest first.</summary>
    public static async Task<IReadOnlyList<LogSnapshot>> ListSnapshotsAsync(IObjectStore store, string name, LogVolumeServices services, CancellationToken ct)
    {
        var loader = new VolumeLoader(StoreReader.Of(store, name, services), name);
        return LogSnapshot.Of((await loader.LoadAsync(await loader.LoadIdentityAsync(ct), ct)).State);
    }

    /// <summary>What the store has of a volume. Needs no keys: the manifest log is not encrypted.</summary>
    /// <exception cref="LogFormatException">There is no such volume, it is being deleted, or its log or checkpoint cannot be read.</exception>
    public static async Task<LogVolumeInfo> DescribeAsync(IObjectStore store, string name, LogVolumeServices services, CancellationToken ct)
    {
        var loader = new VolumeLoader(StoreReader.Of(store, name, services), name);
        var identity = await loader.LoadIdentityAsync(ct);
        await loader.RefuseDeletedAsync(identity, ct);
        return LogVolumeInfo.Of(identity, (await loader.LoadAsync(identity, ct)).State);
    }

    /// <summary>
    /// Reads every data object of a volume and of its snapshots and checks every byte: checksums, authentication tags,
    /// compression, and that objects and maps agree. Objects of parents are checked too.
    /// </summary>
    /// <exception cref="LogFormatException">The volume's own log or checkpoint cannot be read.</exception>
    public static async Task<LogVerification> VerifyAsync(IObjectStore store, string name, IKeyRing? keys, LogVolumeServices services, IProgress<LogVerification>? progress, CancellationToken ct)
    {
        var view = await LoadAsync(store, name, keys, services, ct);
        List<string> damages = [];
        int objects = 0;
        long bytes = 0;
        foreach (var snapshot in view.State.Snapshots.Where(s => s.IsSaved))
            await CheckSnapshotAsync(view, snapshot, damages, ct);
        var needed = view.State.Objects.Values.Where(o => !view.State.IsUnneeded(o)).OrderBy(o => o.Id).ToList();
        long bytesTotal = needed.Sum(o => (long)o.StoredBytes);
        foreach (var entry in needed)
        {
            if (damages.Count >= DamagesMax)
                break;
            await CheckObjectAsync(view, entry, damages, ct);
            objects++;
            bytes += entry.StoredBytes;
            progress?.Report(new LogVerification(objects, bytes, bytesTotal, [.. damages]));
        }
        return new LogVerification(objects, bytes, bytesTotal, damages);
    }

    private sealed record View(VolumeIdentity Identity, VolumeState State, VolumeLoader Loader, StoreReader Reader, BlockDecoder Decoder, BlockReader Blocks);

    private static async Task<View> LoadAsync(IObjectStore store, string name, IKeyRing? keys, LogVolumeServices services, CancellationToken ct)
    {
        var reader = StoreReader.Of(store, name, services);
        var loader = new VolumeLoader(reader, name);
        var identity = await loader.LoadIdentityAsync(ct);
        await loader.RefuseDeletedAsync(identity, ct);
        var state = (await loader.LoadAsync(identity, ct)).State;
        var key = state.Key is { } wrapped ? VolumeKey.Unwrap(wrapped.Wrapped, keys, wrapped.KeyId, identity.VolumeId, name) : null;
        var decoder = new BlockDecoder(key);
        return new View(identity, state, loader, reader, decoder, new BlockReader(reader, decoder, name, services));
    }

    private static async Task CheckSnapshotAsync(View view, SnapshotEntry snapshot, List<string> damages, CancellationToken ct)
    {
        string key = VolumeNames.Snapshot(view.State.Name, snapshot.RecordNumber);
        try
        {
            var state = await view.Loader.LoadCheckpointAsync(key, view.Identity, ct);
            if (state is null)
                damages.Add($"{key} does not exist");
            else
                foreach (uint missing in state.Map.All().Where(e => e.IsData && !view.State.Objects.ContainsKey(e.Source)).Select(e => e.Source).Distinct())
                    damages.Add($"{key} needs object {missing}, which the volume does not know");
        }
        catch (LogFormatException ex)
        {
            damages.Add(ex.Message);
        }
    }

    private static async Task CheckObjectAsync(View view, ObjectEntry entry, List<string> damages, CancellationToken ct)
    {
        string key = view.State.ObjectKey(entry);
        try
        {
            if (await view.Reader.ReadAsync(key, ct) is not { } data)
                damages.Add($"{key} does not exist");
            else if (data.Length != entry.StoredBytes)
                damages.Add($"{key} has {data.Length} bytes, expected {entry.StoredBytes}");
            else
                CheckBlocks(view, entry, key, data, damages);
        }
        catch (Exception ex) when (ex is LogFormatException or ObjectStoreException)
        {
            damages.Add(ex.Message);
        }
    }

    private static void CheckBlocks(View view, ObjectEntry entry, string key, byte[] data, List<string> damages)
    {
        var header = DataObjectHeader.Read(data.AsSpan(0, (int)entry.HeaderBytes), key, view.State.Origins[entry.Origin].VolumeId, entry.Epoch, entry.Id);
        byte[]? objectKey = view.Decoder.KeyOf(header, key);
        byte[] scratch = new byte[DataObjectHeader.BlockBytes];
        for (int i = 0; i < header.Blocks.Count; i++)
        {
            var block = header.Blocks[i];
            long at = entry.HeaderBytes + (long)block.Offset;
            string? damage = at + block.LengthBytes > data.Length
                ? $"it ends behind the object's {data.Length} bytes"
                : BlockDecoder.Decode(header, objectKey, i, data.AsMemory((int)at, (int)block.LengthBytes), scratch, out _);
            if (damage is not null)
                damages.Add($"{key} is damaged: block {i} at offset {at}: {damage}");
        }
    }
}

/// <summary>How far a verification is, and what it found.</summary>
/// <param name="Objects">Data objects that were read.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="BytesTotal">Bytes of all that are to be read.</param>
/// <param name="Damages">What is wrong: each names object, offset and what was found; empty when all is well.</param>
public sealed record LogVerification(int Objects, long Bytes, long BytesTotal, IReadOnlyList<string> Damages);
