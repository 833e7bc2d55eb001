using System.Collections.Concurrent;
using System.Security.Cryptography;
using Skep.Blocks.Chunks;
using Skep.Storage.Snapshots;

namespace Skep.Storage.Direct;

/// <summary>
/// Blocks of snapshots, one by one, as EBS' direct APIs put and get them. Checks nothing of who may: that is the dialect's.
/// Thread-safe.
/// </summary>
/// <remarks>
/// A block that was put survives a crash. Which blocks were put, and with which checksums, is known only to the process
/// that took them: after a restart, a snapshot that is completed with a count must have them put again (which costs little,
/// for their content is in the store), or the count will not fit.
/// </remarks>
public sealed class DirectSnapshots(SnapshotStores stores) : IAsyncDisposable
{
    /// <summary>Snapshots kept open for reading.</summary>
    private const int ReadersMax = 8;

    private readonly ConcurrentDictionary<string, WrittenBlocks> _written = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly LinkedList<OpenReader> _newestFirst = new();

    /// <summary>Puts a block of a snapshot that is being made; it survives a crash when this returns.</summary>
    /// <param name="request">The snapshot, should it be the first block.</param>
    /// <param name="block">The block's index.</param>
    /// <param name="data">The whole block.</param>
    /// <param name="sha256">Its checksum.</param>
    /// <param name="ct">Cancels; the block may have been put all the same.</param>
    /// <exception cref="ChunkStoreException">The snapshot is complete already, or was given up; there is no such block.</exception>
    /// <exception cref="Skep.Blocks.Stores.ObjectStoreException">The store failed.</exception>
    public async Task PutAsync(SnapshotRequest request, long block, ReadOnlyMemory<byte> data, byte[] sha256, CancellationToken ct)
    {
        var writer = await stores.OpenWriterAsync(request, ct);
        await writer.PutBlockAsync(block, data, ct);
        await writer.FlushAsync(ct);
        _written.GetOrAdd(request.SnapshotId, static _ => new WrittenBlocks()).Set(block, sha256);
    }

    /// <summary>How many different blocks were put, and the checksum of their checksums in the order of blocks (EBS' LINEAR).</summary>
    public (int Count, byte[] Checksum) Count(string snapshotId) =>
        _written.TryGetValue(snapshotId, out var written) ? written.Sum() : (0, SHA256.HashData([]));

    /// <summary>Makes sure that a snapshot of which no block was put can be completed too.</summary>
    /// <exception cref="ChunkStoreException">It is complete already, or was given up.</exception>
    public Task EnsureBegunAsync(SnapshotRequest request, CancellationToken ct) => stores.OpenWriterAsync(request, ct);

    /// <summary>Forgets what was put of a snapshot that needs no more blocks.</summary>
    public void Forget(string snapshotId) => _written.TryRemove(snapshotId, out _);

    /// <summary>A complete snapshot for reading, shared with others; the caller disposes what this returns.</summary>
    /// <exception cref="ChunkStoreException">It does not exist or is damaged.</exception>
    public async Task<ReaderLease> OpenAsync(string snapshotId, CancellationToken ct)
    {
        if (TryLease(snapshotId) is { } kept)
            return kept;
        var reader = await stores.OpenReaderAsync(snapshotId, ct);
        OpenReader? surplus = null;
        ReaderLease lease;
        lock (_lock)
        {
            var open = new OpenReader(reader);
            _newestFirst.AddFirst(open);
            lease = open.Lease();
            if (_newestFirst.Count > ReadersMax)
            {
                surplus = _newestFirst.Last!.Value;
                _newestFirst.RemoveLast();
            }
        }

        if (surplus is not null)
            await surplus.ReleaseAsync();
        return lease;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        List<OpenReader> open;
        lock (_lock)
        {
            open = [.. _newestFirst];
            _newestFirst.Clear();
        }

        foreach (var reader in open)
            await reader.ReleaseAsync();
    }

    private ReaderLease? TryLease(string snapshotId)
    {
        lock (_lock)
        {
            for (var node = _newestFirst.First; node is not null; node = node.Next)
            {
                if (node.Value.SnapshotId != snapshotId)
                    continue;
                _newestFirst.Remove(node);
                _newestFirst.AddFirst(node);
                return node.Value.Lease();
            }
        }

        return null;
    }

    /// <summary>Blocks of one snapshot with their checksums, by index.</summary>
    private sealed class WrittenBlocks
    {
        private readonly SortedDictionary<long, byte[]> _checksums = [];

        public void Set(long block, byte[] sha256)
        {
            lock (_checksums)
                _checksums[block] = sha256;
        }

        public (int Count, byte[] Checksum) Sum()
        {
            lock (_checksums)
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                foreach (var checksum in _checksums.Values)
                    hash.AppendData(checksum);
                return (_checksums.Count, hash.GetHashAndReset());
            }
        }
    }
}
