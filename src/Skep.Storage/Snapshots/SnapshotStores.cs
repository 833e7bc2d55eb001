using System.Collections.Concurrent;
using System.Security.Cryptography;
using Skep.Blocks.Chunks;
using Skep.Blocks.Keys;
using Skep.Blocks.Stores;
using Skep.Core.Hosting;
using Skep.Storage.Keys;

namespace Skep.Storage.Snapshots;

/// <summary>
/// The stores that snapshots of this node live in, opened when first needed: the data directory's "snapshots" folder; in
/// simulation, memory. Also keeps the writers of snapshots whose blocks are put one by one, over many requests.
/// Thread-safe.
/// </summary>
public sealed class SnapshotStores : IAsyncDisposable
{
    /// <summary>The folder of the data directory.</summary>
    public const string FolderName = "snapshots";

    private readonly SkepOptions _options;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ConcurrentDictionary<string, SnapshotWriter> _writers = new(StringComparer.Ordinal);
    private ChunkStore? _store;

    /// <summary>Opens nothing yet.</summary>
    public SnapshotStores(SkepOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
    }

    /// <summary>Whether there is anything to open yet.</summary>
    public bool Exists => _store is not null || Directory.Exists(_options.PathOf(FolderName));

    /// <summary>The store for new snapshots of this node.</summary>
    /// <exception cref="ObjectStoreException">The folder cannot be used.</exception>
    /// <exception cref="ChunkStoreException">It is no chunk store, or a newer one.</exception>
    /// <exception cref="IOException">The key ring cannot be used.</exception>
    public async Task<ChunkStore> OpenAsync(CancellationToken ct)
    {
        if (_store is { } open)
            return open;
        await _gate.WaitAsync(ct);
        try
        {
            return _store ??= await ChunkStore.OpenAsync(
                OpenObjects(),
                new ChunkStoreOptions(),
                new ChunkStoreServices { Time = _time, FillRandom = RandomNumberGenerator.Fill, Keys = OpenKeys(), Compute = TaskScheduler.Default },
                ct);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Opens a snapshot for reading; the caller disposes it.</summary>
    /// <exception cref="ChunkStoreException">It does not exist or is damaged.</exception>
    public async Task<SnapshotReader> OpenReaderAsync(string snapshotId, CancellationToken ct) =>
        await (await OpenAsync(ct)).OpenAsync(snapshotId, ct);

    /// <summary>
    /// The writer of a snapshot that is put together over many requests: the one that is open, the one that an earlier daemon
    /// had begun, or a new one. Stays open until <see cref="CloseWriterAsync"/>; the caller does not dispose it.
    /// </summary>
    /// <exception cref="ChunkStoreException">It is complete already, or was given up, or the parent does not exist.</exception>
    public async Task<SnapshotWriter> OpenWriterAsync(SnapshotRequest request, CancellationToken ct)
    {
        if (_writers.TryGetValue(request.SnapshotId, out var open))
            return open;
        var store = await OpenAsync(ct);
        await _gate.WaitAsync(ct);
        try
        {
            if (_writers.TryGetValue(request.SnapshotId, out open))
                return open;
            return _writers[request.SnapshotId] = await store.ResumeAsync(request.SnapshotId, ct) ?? await store.BeginAsync(request, ct);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Lets go of a writer; what was flushed stays.</summary>
    public async Task CloseWriterAsync(string snapshotId)
    {
        if (_writers.TryRemove(snapshotId, out var writer))
            await writer.DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var snapshotId in _writers.Keys)
            await CloseWriterAsync(snapshotId);
        _gate.Dispose();
    }

    private IObjectStore OpenObjects()
    {
        if (_options.IsSimulated)
            return new MemoryObjectStore(FolderName, _time);
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        var directory = DirectoryObjectStore.Open(_options.PathOf(FolderName), TaskScheduler.Default, _time, random);
        return new RetryingObjectStore(directory, new RetryPolicy(), _time, random);
    }

    private KeyRing OpenKeys()
    {
        if (!_options.IsSimulated)
            return KeyRingFile.ReadOrCreate(_options.PathOf(KeyRingFile.FileName), _time);
        const string Id = "simulated";
        return new KeyRing(Id, new Dictionary<string, byte[]> { [Id] = RandomNumberGenerator.GetBytes(KeyRing.KeyLength) });
    }
}
