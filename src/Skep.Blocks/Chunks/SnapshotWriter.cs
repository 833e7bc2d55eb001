using System.Buffers;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

/// <summary>
/// A snapshot being made. Blocks may be put in any order, many at a time, and again. It exists only once
/// <see cref="CompleteAsync"/> has returned, and then wholly. Thread-safe. Disposing neither completes nor aborts it:
/// <see cref="ChunkStore.ResumeAsync"/> goes on with what was flushed.
/// </summary>
public sealed partial class SnapshotWriter : IAsyncDisposable
{
    /// <summary>A part with the whole table follows after so many with changes alone.</summary>
    private const int PartsPerWhole = 64;

    /// <summary>The marker is renewed after this part of the time in which it expires.</summary>
    private const double RenewalShare = 0.25;

    private readonly ChunkStore _store;
    private readonly ChunkCodec _codec;
    private readonly Lock _lock = new();
    private readonly BlockTable _table;
    private readonly BlockTable? _parent;
    private readonly Dictionary<ChunkId, TaskCompletionSource> _claimed = [];
    private readonly HashSet<Task> _uploads = [];
    private readonly HashSet<long> _unwritten = [];
    private PendingSnapshot _pending;
    private PackBuilder? _pack;
    private Exception? _failure;
    private Task? _flushing;
    private Task? _flushingNext;
    private int _parts;
    private bool _isClosed;

    internal SnapshotWriter(ChunkStore store, PendingSnapshot pending, ChunkCodec codec, BlockTable? parent)
    {
        _store = store;
        _pending = pending;
        _codec = codec;
        _parent = parent;
        _table = new BlockTable(ChunkStore.BlocksOf(pending.SizeBytes));
        if (parent is not null)
            _table.CopyFrom(parent);
    }

    /// <summary>The snapshot's id.</summary>
    public string SnapshotId => _pending.SnapshotId;

    /// <summary>Size of the device in bytes.</summary>
    public long SizeBytes => _pending.SizeBytes;

    /// <summary>Number of blocks, zeroes included.</summary>
    public long BlockCount => _table.BlockCount;

    /// <summary>Bytes stored by this writer so far; what was in the store already is not counted.</summary>
    public long BytesStored { get; private set; }

    /// <summary>
    /// Takes a block. When this returns, the block is accepted and the buffer may be reused; it survives a crash after the
    /// next completed <see cref="FlushAsync"/>. Waits while as many packs are being stored as may be.
    /// </summary>
    /// <param name="block">Its index: offset / <see cref="ChunkStore.BlockBytes"/>.</param>
    /// <param name="data">The whole block; the last one of an odd size is shorter.</param>
    /// <param name="ct">Cancels; the block may have been accepted all the same.</param>
    /// <exception cref="ChunkStoreException">There is no such block, or the snapshot has expired.</exception>
    /// <exception cref="ObjectStoreException">Storing this or an earlier block failed; nothing more can be put.</exception>
    public async Task PutBlockAsync(long block, ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        CheckBlock(block, data.Length);
        await RenewIfDueAsync(ct);
        if (!data.Span.ContainsAnyExcept((byte)0))
        {
            SetBlock(block, default);
            return;
        }

        var prepared = await _store.ComputeAsync(() => Prepare(data));
        if (prepared.Stored is not null)
        {
            await AppendAsync(block, prepared); // not cancelled: others rely on a chunk that was claimed
            return;
        }

        if (prepared.Claim is { } claim)
            await claim; // somebody else's put of the same content: until its chunk is in a pack, a flush would miss it
        SetBlock(block, prepared.Id);
    }

    /// <summary>Makes a range of blocks zeroes.</summary>
    public void PutZeroes(long firstBlock, long blockCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstBlock);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blockCount, BlockCount - firstBlock);
        lock (_lock)
        {
            ThrowIfClosed();
            for (var block = firstBlock; block < firstBlock + blockCount; block++)
                Set(block, default);
        }
    }

    /// <summary>What was accepted when this was called survives a crash when it returns. Calls at the same time share the work.</summary>
    public Task FlushAsync(CancellationToken ct)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            _flushingNext ??= FlushAfterAsync(_flushing);
            return _flushingNext.WaitAsync(ct);
        }
    }

    /// <summary>Completes the snapshot. Safe to repeat after a failure.</summary>
    /// <exception cref="ChunkStoreException"><see cref="ChunkStoreError.Expired"/>: it was given up; a chunk of the parent is missing.</exception>
    /// <exception cref="ObjectStoreException">The object store failed.</exception>
    public async Task<SnapshotInfo> CompleteAsync(CancellationToken ct)
    {
        lock (_lock)
            ThrowIfClosed();
        await StorePacksAsync();
        var (info, manifest) = MakeManifest();
        var key = ObjectNames.Snapshot(SnapshotId);
        if (!await _store.Objects.PutAsync(key, [manifest], PutCondition.IfAbsent, ct))
            info = await RequireOwnAsync(key, ct);
        lock (_lock)
            _isClosed = true;
        try
        {
            await _store.RemovePendingAsync(SnapshotId, ct);
        }
        catch (ObjectStoreException)
        {
            // The snapshot is complete; garbage collection removes what was written down on the way.
        }

        return info;
    }

    /// <summary>Gives the snapshot up for good. What was stored for it goes with the next garbage collection.</summary>
    public async Task AbortAsync(CancellationToken ct)
    {
        lock (_lock)
            _isClosed = true;
        await WaitForUploadsAsync();
        await _store.GiveUpAsync(SnapshotId, ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
            if (_pack is not null)
                ArrayPool<byte>.Shared.Return(_pack.ReleaseBuffer());
            _pack = null;
        }

        await WaitForUploadsAsync();
    }

    /// <summary>Takes over what an earlier process had flushed.</summary>
    internal async Task LoadPartsAsync(int parts, CancellationToken ct)
    {
        _parts = parts;
        if (parts == 0 && _parent is not null)
        {
            // The parent may be deleted from now on.
            await WritePartAsync(ct);
            return;
        }

        for (var part = (parts - 1) / PartsPerWhole * PartsPerWhole; part >= 0 && part < parts; part++)
        {
            var key = ObjectNames.Part(SnapshotId, part);
            var name = $"{_store.Name}/{key}";
            var bytes = await _store.FindObjectAsync(key, ct) ?? throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is missing");
            var facts = TableFormat.Decode(Magic.Part, bytes, ChunkJson.Default.PartFacts, name, out var entries);
            if (facts.IsWhole)
            {
                foreach (var (block, _) in _table.Data(0).ToList())
                    _table[block] = default;
            }

            ChunkStore.Fill(_table, entries, name);
        }
    }

    private void CheckBlock(long block, int length)
    {
        if (block < 0 || block >= BlockCount)
            throw new ChunkStoreException(ChunkStoreError.Invalid, $"snapshot {SnapshotId} has {BlockCount} blocks; there is no block {block}");
        var expected = ChunkStore.BlockLength(SizeBytes, block);
        if (length != expected)
            throw new ChunkStoreException(ChunkStoreError.Invalid, $"block {block} of snapshot {SnapshotId} has {expected} bytes, not {length}");
        lock (_lock)
            ThrowIfClosed();
    }

    private void ThrowIfClosed()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (_failure is ObjectStoreException failure)
            throw new ObjectStoreException(failure.Error, $"snapshot {SnapshotId} cannot go on: {failure.Message}", failure);
        if (_failure is not null)
            throw new InvalidOperationException($"snapshot {SnapshotId} cannot go on: {_failure.Message}", _failure);
    }

    private void SetBlock(long block, ChunkId id)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            Set(block, id);
        }
    }

    private void Set(long block, ChunkId id)
    {
        if (_table[block] == id)
            return;
        _table[block] = id;
        _unwritten.Add(block);
    }

    private Prepared Prepare(ReadOnlyMemory<byte> data)
    {
        var id = _codec.Identify(data.Span);
        if (_store.Index.CanReuse(id))
            return new Prepared(id, null, 0, 0, default, null);
        lock (_lock)
        {
            if (_claimed.TryGetValue(id, out var claim))
                return new Prepared(id, null, 0, 0, default, claim.Task);
            if (_store.Index.CanReuse(id))
                return new Prepared(id, null, 0, 0, default, null); // stored, and its claim gone, since the first look
            _claimed[id] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        var stored = ArrayPool<byte>.Shared.Rent(ChunkCodec.StoredLengthMax(data.Length));
        var length = _codec.Encode(id, data.Span, stored, out var encoding);
        return new Prepared(id, stored, length, data.Length, encoding, null);
    }

    /// <summary>A block ready to be stored. Stored is null when its chunk is there already or, with a claim, about to be.</summary>
    private readonly record struct Prepared(ChunkId Id, byte[]? Stored, int StoredLength, int PlainLength, ChunkEncoding Encoding, Task? Claim);
}
