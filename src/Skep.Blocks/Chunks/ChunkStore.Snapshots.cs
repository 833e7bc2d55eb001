using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Skep.Blocks.Keys;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

public sealed partial class ChunkStore
{
    /// <summary>What wrapped keys are bound to: the same for all snapshots, since a child has its parent's key.</summary>
    private const string KeyContext = "skep snapshot chunks";

    /// <summary>Begins a snapshot.</summary>
    /// <exception cref="ChunkStoreException">
    /// <see cref="ChunkStoreError.Exists"/>: there is one of that id, complete or being made; <see cref="ChunkStoreError.NotFound"/>:
    /// the parent does not exist; <see cref="ChunkStoreError.Invalid"/>, <see cref="ChunkStoreError.NoKey"/>.
    /// </exception>
    public async Task<SnapshotWriter> BeginAsync(SnapshotRequest request, CancellationToken ct)
    {
        ObjectNames.CheckId(request.SnapshotId);
        if (request.SizeBytes < 1 || BlocksOf(request.SizeBytes) > BlockCountMax)
            throw new ChunkStoreException(ChunkStoreError.Invalid, $"a snapshot cannot have {request.SizeBytes} bytes");
        if (await _objects.FindAsync(ObjectNames.Snapshot(request.SnapshotId), ct) is not null)
            throw new ChunkStoreException(ChunkStoreError.Exists, $"{Name} has a snapshot {request.SnapshotId} already");
        var parent = request.ParentId is { } parentId ? await LoadAsync(parentId, ct) : ((SnapshotInfo Info, BlockTable Table)?)null;
        if (parent is { } p && (p.Info.KeyId is not null) != request.IsEncrypted)
            throw new ChunkStoreException(ChunkStoreError.Invalid, $"snapshot {request.SnapshotId} must be encrypted if and only if its parent {request.ParentId} is");
        var dataKey = request.IsEncrypted ? MakeDataKey(parent?.Info) : null;
        var wrapped = dataKey is null ? null : Wrap(dataKey);
        var now = Now();
        var pending = new PendingSnapshot
        {
            SnapshotId = request.SnapshotId, SizeBytes = request.SizeBytes, ParentId = request.ParentId, VolumeName = request.VolumeName,
            KeyId = wrapped?.KeyId, WrappedKey = wrapped?.Bytes, Token = NewName(), StartedAt = now, RenewedAt = now, ExpiresAfter = request.ExpiresAfter,
        };
        var marker = TableFormat.Encode(Magic.Pending, pending, ChunkJson.Default.PendingSnapshot, []);
        if (!await _objects.PutAsync(ObjectNames.Marker(request.SnapshotId), [marker], PutCondition.IfAbsent, ct))
            throw new ChunkStoreException(ChunkStoreError.Exists, $"snapshot {request.SnapshotId} is being made already");
        if (request.ParentId is not null && await _objects.FindAsync(ObjectNames.Snapshot(request.ParentId), ct) is null)
        {
            // Deleted before the marker could protect what it had.
            await _objects.DeleteAsync(ObjectNames.Marker(request.SnapshotId), ct);
            throw new ChunkStoreException(ChunkStoreError.NotFound, $"{Name} has no snapshot {request.ParentId}");
        }

        return await OpenWriterAsync(pending, parent, dataKey, parts: 0, ct);
    }

    /// <summary>Goes on with a snapshot that an earlier process began; null when there is none of that id being made.</summary>
    /// <remarks>What was put and flushed is there; what was put after the last flush is not.</remarks>
    public async Task<SnapshotWriter?> ResumeAsync(string snapshotId, CancellationToken ct)
    {
        ObjectNames.CheckId(snapshotId);
        if (await FindPendingAsync(snapshotId, ct) is not { } pending)
            return null;
        if (await _objects.FindAsync(ObjectNames.Snapshot(snapshotId), ct) is not null)
            return null; // complete, or given up: only the marker is left
        var dataKey = pending.KeyId is { } keyId ? Unwrap(keyId, pending.WrappedKey, $"snapshot {snapshotId}") : null;
        var parent = pending.ParentId is { } parentId ? await LoadForResumeAsync(pending, parentId, ct) : null;
        var parts = await CountPartsAsync(snapshotId, ct);
        return await OpenWriterAsync(pending, parent, dataKey, parts, ct);
    }

    /// <summary>Opens a snapshot for reading.</summary>
    /// <exception cref="ChunkStoreException">It does not exist, or its manifest is damaged, or its key is missing.</exception>
    public async Task<SnapshotReader> OpenAsync(string snapshotId, CancellationToken ct)
    {
        var (info, table) = await LoadAsync(snapshotId, ct);
        await LearnPacksAsync(info.Packs, ct);
        return new SnapshotReader(this, info, table, MakeCodec(info));
    }

    /// <summary>What is known of a snapshot; null when there is no complete one of that id.</summary>
    /// <exception cref="ChunkStoreException">Its manifest is damaged.</exception>
    public async Task<SnapshotInfo?> FindAsync(string snapshotId, CancellationToken ct)
    {
        ObjectNames.CheckId(snapshotId);
        var bytes = await FindObjectAsync(ObjectNames.Snapshot(snapshotId), ct);
        return bytes is null || TableFormat.Is(Magic.Gravestone, bytes) ? null : DecodeManifest(snapshotId, bytes, out _);
    }

    /// <summary>The ids of complete snapshots, in ordinal order.</summary>
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var magic = new byte[8];
        await foreach (var item in _objects.ListAsync(ObjectNames.Snapshots, after: null, ct))
        {
            if (item.LengthBytes >= magic.Length)
            {
                try
                {
                    await _objects.GetAsync(item.Key, 0, magic, ct);
                }
                catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.NotFound)
                {
                    continue;
                }

                if (TableFormat.Is(Magic.Gravestone, magic))
                    continue;
            }

            yield return item.Key[ObjectNames.Snapshots.Length..];
        }
    }

    /// <summary>
    /// Deletes a snapshot, complete or being made. What its chunks take comes back with the next garbage collection.
    /// False when there was none.
    /// </summary>
    public async Task<bool> DeleteAsync(string snapshotId, CancellationToken ct)
    {
        ObjectNames.CheckId(snapshotId);
        var isPending = await _objects.FindAsync(ObjectNames.Marker(snapshotId), ct) is not null;
        var isComplete = await FindObjectAsync(ObjectNames.Snapshot(snapshotId), ct) is { } found && !TableFormat.Is(Magic.Gravestone, found);
        if (isPending)
            await GiveUpAsync(snapshotId, ct);
        // Not deleted but replaced: a late request of its writer, sent before an attempt that succeeded, would bring it back.
        if (isComplete)
            await _objects.PutAsync(ObjectNames.Snapshot(snapshotId), [MakeGravestone()], PutCondition.None, ct);
        return isPending || isComplete;
    }

    /// <summary>The table of a complete snapshot.</summary>
    internal async Task<(SnapshotInfo Info, BlockTable Table)> LoadAsync(string snapshotId, CancellationToken ct)
    {
        ObjectNames.CheckId(snapshotId);
        var bytes = await FindObjectAsync(ObjectNames.Snapshot(snapshotId), ct);
        if (bytes is null || TableFormat.Is(Magic.Gravestone, bytes))
            throw new ChunkStoreException(ChunkStoreError.NotFound, $"{Name} has no snapshot {snapshotId}");
        var info = DecodeManifest(snapshotId, bytes, out var entries);
        var table = new BlockTable(BlocksOf(info.SizeBytes));
        Fill(table, entries, $"the manifest of snapshot {snapshotId}");
        return (info, table);
    }

    internal static long BlocksOf(long sizeBytes) => (sizeBytes + BlockBytes - 1) / BlockBytes;

    /// <summary>The length of a block: the last of an odd size is shorter.</summary>
    internal static int BlockLength(long sizeBytes, long block) => (int)Math.Min(BlockBytes, sizeBytes - block * BlockBytes);

    internal ChunkCodec MakeCodec(SnapshotInfo info) =>
        new(info.KeyId is { } keyId ? Unwrap(keyId, info.WrappedKey, $"snapshot {info.SnapshotId}") : null, _options.CompressionLevel, _services.FillRandom);

    internal async Task<PendingSnapshot?> FindPendingAsync(string snapshotId, CancellationToken ct)
    {
        var key = ObjectNames.Marker(snapshotId);
        return await FindObjectAsync(key, ct) is { } bytes
            ? TableFormat.Decode(Magic.Pending, bytes, ChunkJson.Default.PendingSnapshot, $"{Name}/{key}", out _)
            : null;
    }

    /// <summary>
    /// Ends the making of a snapshot for good: a gravestone takes the manifest's place first, so that a writer that is
    /// merely slow cannot complete it afterwards. Does nothing to one that is complete but for its marker.
    /// </summary>
    internal async Task GiveUpAsync(string snapshotId, CancellationToken ct)
    {
        await _objects.PutAsync(ObjectNames.Snapshot(snapshotId), [MakeGravestone()], PutCondition.IfAbsent, ct);
        await RemovePendingAsync(snapshotId, ct);
    }

    private byte[] MakeGravestone() => TableFormat.Encode(Magic.Gravestone, new Gravestone(Now()), ChunkJson.Default.Gravestone, []);

    /// <summary>Removes what was written down of a snapshot being made, the marker last: it leads to the rest.</summary>
    internal async Task RemovePendingAsync(string snapshotId, CancellationToken ct)
    {
        // Not by the list, which may lag behind: parts are numbered without gaps, and are removed from the last to the first.
        for (var part = await CountPartsAsync(snapshotId, ct) - 1; part >= 0; part--)
            await _objects.DeleteAsync(ObjectNames.Part(snapshotId, part), ct);
        await _objects.DeleteAsync(ObjectNames.Marker(snapshotId), ct);
    }

    internal static void Fill(BlockTable table, IEnumerable<BlockEntry> entries, string name)
    {
        foreach (var (block, id) in entries)
        {
            if (block >= table.BlockCount)
                throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is damaged: it speaks of block {block} of {table.BlockCount}");
            table[block] = id;
        }
    }

    private async Task<SnapshotWriter> OpenWriterAsync(PendingSnapshot pending, (SnapshotInfo Info, BlockTable Table)? parent, byte[]? dataKey, int parts, CancellationToken ct)
    {
        // After the marker is there, never before: garbage collection spares what a marker may rely on, and whoever comes
        // later sees here which packs are to be deleted.
        await RefreshAsync(ct);
        var codec = new ChunkCodec(dataKey, _options.CompressionLevel, _services.FillRandom);
        var writer = new SnapshotWriter(this, pending, codec, parent?.Table);
        await writer.LoadPartsAsync(parts, ct);
        return writer;
    }

    /// <summary>The parent of a snapshot that is resumed; null when its table was written down already and it may be gone.</summary>
    private async Task<(SnapshotInfo Info, BlockTable Table)?> LoadForResumeAsync(PendingSnapshot pending, string parentId, CancellationToken ct)
    {
        try
        {
            return await LoadAsync(parentId, ct);
        }
        catch (ChunkStoreException ex) when (ex.Error == ChunkStoreError.NotFound)
        {
            if (await CountPartsAsync(pending.SnapshotId, ct) > 0)
                return null;
            throw new ChunkStoreException(ChunkStoreError.Expired, $"snapshot {pending.SnapshotId} cannot go on: its parent {parentId} was deleted before anything was put", ex);
        }
    }

    /// <summary>How many parts there are: they have no gaps, so doubling and halving finds the end without a list.</summary>
    private async Task<int> CountPartsAsync(string snapshotId, CancellationToken ct)
    {
        async Task<bool> ExistsAsync(int part) => await _objects.FindAsync(ObjectNames.Part(snapshotId, part), ct) is not null;
        const int PartMax = 99_999_999;
        if (!await ExistsAsync(0))
            return 0;
        var (there, missing) = (0, 1);
        while (missing < PartMax && await ExistsAsync(missing))
            (there, missing) = (missing, missing * 2);
        while (missing - there > 1)
        {
            var middle = there + (missing - there) / 2;
            if (await ExistsAsync(middle))
                there = middle;
            else
                missing = middle;
        }

        return there + 1;
    }

    private SnapshotInfo DecodeManifest(string snapshotId, byte[] bytes, out BlockEntry[] entries)
    {
        var name = $"the manifest of snapshot {snapshotId} in {Name}";
        var info = TableFormat.Decode(Magic.Manifest, bytes, ChunkJson.Default.SnapshotInfo, name, out entries);
        if (info.SnapshotId != snapshotId || info.BlockBytes != BlockBytes)
            throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is damaged: it is of snapshot {info.SnapshotId} with blocks of {info.BlockBytes} bytes");
        return info;
    }

    private byte[] MakeDataKey(SnapshotInfo? parent)
    {
        if (parent is not null)
            return Unwrap(parent.KeyId!, parent.WrappedKey, $"snapshot {parent.SnapshotId}");
        var dataKey = new byte[KeyRing.KeyLength];
        _services.FillRandom(dataKey);
        return dataKey;
    }

    private WrappedKey Wrap(byte[] dataKey)
    {
        var ring = _services.Keys ?? throw new ChunkStoreException(ChunkStoreError.NoKey, $"{Name} has no key ring, which encrypted snapshots need");
        Span<byte> nonce = stackalloc byte[Keys.WrappedKey.NonceLength];
        _services.FillRandom(nonce);
        return Keys.WrappedKey.Wrap(ring, dataKey, KeyContext, nonce);
    }

    private byte[] Unwrap(string keyId, byte[]? wrapped, string owner)
    {
        var ring = _services.Keys ?? throw new ChunkStoreException(ChunkStoreError.NoKey, $"{owner} is encrypted with key {keyId} and {Name} has no key ring");
        try
        {
            return new WrappedKey(keyId, wrapped ?? []).Unwrap(ring, KeyContext);
        }
        catch (CryptographicException ex)
        {
            throw new ChunkStoreException(ChunkStoreError.NoKey, $"{owner} is encrypted with key {keyId}: {ex.Message}", ex);
        }
    }
}
