using System.Buffers;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

public sealed partial class SnapshotWriter
{
    /// <summary>Puts a chunk into the pack being filled, and the block into the table.</summary>
    private async Task AppendAsync(long block, Prepared chunk)
    {
        try
        {
            await AppendWhenThereIsRoomAsync(block, chunk);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk.Stored!);
            lock (_lock)
                _claimed.GetValueOrDefault(chunk.Id)?.TrySetResult();
        }
    }

    private async Task AppendWhenThereIsRoomAsync(long block, Prepared chunk)
    {
        while (true)
        {
            Task room;
            lock (_lock)
            {
                ThrowIfClosed();
                if (_pack is not null && !_pack.Fits(chunk.StoredLength))
                    BeginUpload();
                if (_pack is null && _uploads.Count < _store.Options.UploadsMax)
                    _pack = new PackBuilder(ArrayPool<byte>.Shared.Rent(_store.Options.PackBytes));
                if (_pack is not null)
                {
                    _pack.Add(chunk.Id, chunk.Stored.AsSpan(0, chunk.StoredLength), chunk.PlainLength, chunk.Encoding);
                    Set(block, chunk.Id);
                    return;
                }

                room = Task.WhenAny(_uploads);
            }

            await room;
        }
    }

    /// <summary>Stores what is in the pack being filled, and waits for what is under way.</summary>
    private async Task StorePacksAsync()
    {
        lock (_lock)
            BeginUpload();
        await WaitForUploadsAsync();
        lock (_lock)
            ThrowIfClosed();
    }

    private void BeginUpload()
    {
        if (_pack is not { } pack)
            return;
        _pack = null;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _uploads.Add(done.Task);
        _ = UploadAsync(pack, done);
    }

    /// <summary>Stores a pack; a failure is kept for whoever calls next.</summary>
    private async Task UploadAsync(PackBuilder pack, TaskCompletionSource done)
    {
        await Task.Yield(); // called under the lock
        try
        {
            var packId = _store.NewName();
            var parts = pack.Seal();
            // Not cancelled: the snapshot cannot do without.
            await _store.Objects.PutAsync(ObjectNames.Pack(packId), parts, PutCondition.None, CancellationToken.None);
            _store.Index.Add(packId, pack.Entries);
            lock (_lock)
            {
                BytesStored += ObjectKeys.LengthOf(parts);
                foreach (var entry in pack.Entries)
                    _claimed.Remove(entry.Id);
            }
        }
        catch (Exception ex)
        {
            lock (_lock)
                _failure ??= ex;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pack.ReleaseBuffer());
            lock (_lock)
                _uploads.Remove(done.Task);
            done.SetResult();
        }
    }

    private async Task WaitForUploadsAsync()
    {
        while (true)
        {
            Task[] uploads;
            lock (_lock)
                uploads = [.. _uploads];
            if (uploads.Length == 0)
                return;
            await Task.WhenAll(uploads);
        }
    }

    private async Task FlushAfterAsync(Task? before)
    {
        await Task.Yield(); // called under the lock
        if (before is not null)
            await Task.WhenAny(before); // its failure is told to those who waited for it
        lock (_lock)
            (_flushing, _flushingNext) = (_flushingNext, null);
        await StorePacksAsync();
        await WritePartAsync(CancellationToken.None);
    }

    /// <summary>Writes down what changed in the table since the last part; from time to time all of it.</summary>
    private async Task WritePartAsync(CancellationToken ct)
    {
        List<BlockEntry> entries;
        var isWhole = _parts % PartsPerWhole == 0;
        lock (_lock)
        {
            if (_unwritten.Count == 0 && !(isWhole && _parts == 0))
                return;
            entries = isWhole ? [.. _table.Data(0)] : [.. _unwritten.Order().Select(b => new BlockEntry(b, _table[b]))];
            _unwritten.Clear();
        }

        try
        {
            var part = TableFormat.Encode(Magic.Part, new PartFacts(isWhole), ChunkJson.Default.PartFacts, entries);
            await _store.Objects.PutAsync(ObjectNames.Part(SnapshotId, _parts), [part], PutCondition.None, ct);
            _parts++;
        }
        catch (Exception ex)
        {
            lock (_lock)
                _failure ??= ex; // what is written down and what is not is no longer known
            throw;
        }
    }

    private (SnapshotInfo Info, byte[] Manifest) MakeManifest()
    {
        lock (_lock)
        {
            var packs = new SortedSet<string>(StringComparer.Ordinal);
            var seen = new HashSet<ChunkId>();
            long storedBytes = 0;
            foreach (var (block, id) in _table.Data(0))
            {
                if (!seen.Add(id))
                    continue;
                if (!_store.Index.TryFind(id, out var packId, out var entry))
                    throw new ChunkStoreException(ChunkStoreError.Damaged, $"snapshot {SnapshotId} cannot be completed: chunk {id} of block {block} is in no pack of {_store.Name}");
                packs.Add(packId);
                storedBytes += entry.StoredLength;
            }

            var info = new SnapshotInfo
            {
                SnapshotId = SnapshotId, SizeBytes = SizeBytes, BlockBytes = ChunkStore.BlockBytes, ParentId = _pending.ParentId, VolumeName = _pending.VolumeName,
                Created = _store.Now(), DataBlocks = _table.DataCount, ChangedBlocks = CountChanged(), StoredBytes = storedBytes,
                KeyId = _pending.KeyId, WrappedKey = _pending.WrappedKey, Token = _pending.Token, Packs = [.. packs],
            };
            return (info, TableFormat.Encode(Magic.Manifest, info, ChunkJson.Default.SnapshotInfo, [.. _table.Data(0)]));
        }
    }

    private long CountChanged()
    {
        if (_parent is null)
            return _table.DataCount;
        long changed = 0;
        for (long block = 0; block < BlockCount; block++)
        {
            if (_table[block] != (block < _parent.BlockCount ? _parent[block] : default))
                changed++;
        }

        return changed;
    }

    /// <summary>Somebody has taken the manifest's name: an earlier attempt of this writer, or whoever gave the snapshot up.</summary>
    private async Task<SnapshotInfo> RequireOwnAsync(string key, CancellationToken ct)
    {
        var existing = await _store.FindAsync(SnapshotId, ct);
        if (existing?.Token == _pending.Token)
            return existing;
        if (existing is not null)
            throw new ChunkStoreException(ChunkStoreError.Exists, $"{_store.Name}/{key} is another snapshot of the same id");
        throw new ChunkStoreException(ChunkStoreError.Expired, $"snapshot {SnapshotId} was given up while it was being made");
    }

    private async Task RenewIfDueAsync(CancellationToken ct)
    {
        PendingSnapshot renewed;
        lock (_lock)
        {
            var now = _store.Now();
            if (now - _pending.RenewedAt < _pending.ExpiresAfter * RenewalShare)
                return;
            _pending = renewed = _pending with { RenewedAt = now };
        }

        if (await _store.Objects.FindAsync(ObjectNames.Marker(SnapshotId), ct) is null)
            throw new ChunkStoreException(ChunkStoreError.Expired, $"snapshot {SnapshotId} was given up while it was being made");
        var marker = TableFormat.Encode(Magic.Pending, renewed, ChunkJson.Default.PendingSnapshot, []);
        await _store.Objects.PutAsync(ObjectNames.Marker(SnapshotId), [marker], PutCondition.None, ct);
    }
}
