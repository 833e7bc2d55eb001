using System.Text.Json.Serialization.Metadata;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

/// <summary>
/// Snapshots of block devices in an object store: content-addressed, deduplicated, compressed and, if wanted, encrypted
/// chunks in packs. Described in docs/block-format.md. Thread-safe. Several processes may use one store; one snapshot is
/// made by one of them at a time.
/// </summary>
public sealed partial class ChunkStore
{
    /// <summary>Bytes of a block, and of every chunk but the last of an odd size: EBS direct's block.</summary>
    public const int BlockBytes = 512 * 1024;

    /// <summary>The most blocks of a snapshot: a table's entries have 32 bits for them.</summary>
    private const long BlockCountMax = uint.MaxValue;

    private readonly IObjectStore _objects;
    private readonly ChunkStoreOptions _options;
    private readonly ChunkStoreServices _services;
    private readonly ChunkIndex _index = new();

    private ChunkStore(IObjectStore objects, ChunkStoreOptions options, ChunkStoreServices services)
    {
        _objects = objects;
        _options = options;
        _services = services;
    }

    /// <summary>Names the store in messages.</summary>
    public string Name => _objects.Name;

    internal IObjectStore Objects => _objects;

    internal ChunkStoreOptions Options => _options;

    internal ChunkStoreServices Services => _services;

    internal ChunkIndex Index => _index;

    /// <summary>Opens a store, making it if there is none, and loads where its chunks are.</summary>
    /// <exception cref="ChunkStoreException">It is damaged, or a newer version of the program made it.</exception>
    /// <exception cref="ObjectStoreException">The object store failed.</exception>
    public static async Task<ChunkStore> OpenAsync(IObjectStore objects, ChunkStoreOptions options, ChunkStoreServices services, CancellationToken ct)
    {
        if (options.PackBytes < 2 * BlockBytes)
            throw new ArgumentException($"packs of {options.PackBytes} bytes are too small; expected at least {2 * BlockBytes}", nameof(options));
        var store = new ChunkStore(objects, options, services);
        var facts = TableFormat.Encode(Magic.Store, new StoreFacts(BlockBytes), ChunkJson.Default.StoreFacts, []);
        if (!await objects.PutAsync(ObjectNames.Store, [facts], PutCondition.IfAbsent, ct))
        {
            var found = await store.RequireAsync(ObjectNames.Store, Magic.Store, ChunkJson.Default.StoreFacts, ct);
            if (found.Facts.BlockBytes != BlockBytes)
                throw new ChunkStoreException(ChunkStoreError.Newer, $"{objects.Name} has blocks of {found.Facts.BlockBytes} bytes; this program has {BlockBytes}");
        }

        await store.RefreshAsync(ct);
        return store;
    }

    /// <summary>Runs work for the processor where the host wants it.</summary>
    internal Task<T> ComputeAsync<T>(Func<T> work) =>
        _services.Compute is { } scheduler
            ? Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler)
            : Task.FromResult(work());

    internal DateTimeOffset Now() => _services.Time.GetUtcNow();

    /// <summary>32 random hex digits.</summary>
    internal string NewName()
    {
        Span<byte> bytes = stackalloc byte[16];
        _services.FillRandom(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>A whole object; null when there is none.</summary>
    internal async Task<byte[]?> FindObjectAsync(string key, CancellationToken ct)
    {
        if (await _objects.FindAsync(key, ct) is not { } length)
            return null;
        if (length > Array.MaxLength)
            throw new ChunkStoreException(ChunkStoreError.Damaged, $"{Name}/{key} is damaged: it has {length} bytes");
        var bytes = new byte[length];
        try
        {
            await _objects.GetAsync(key, 0, bytes, ct);
            return bytes;
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.NotFound)
        {
            return null;
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.Short)
        {
            throw new ChunkStoreException(ChunkStoreError.Damaged, $"{Name}/{key} is damaged: {ex.Message}", ex);
        }
    }

    private async Task<(T Facts, BlockEntry[] Entries)> RequireAsync<T>(string key, byte[] magic, JsonTypeInfo<T> type, CancellationToken ct)
    {
        var bytes = await FindObjectAsync(key, ct) ?? throw new ChunkStoreException(ChunkStoreError.NotFound, $"{Name}/{key} does not exist");
        var facts = TableFormat.Decode(magic, bytes, type, $"{Name}/{key}", out var entries);
        return (facts, entries);
    }

    private Task<(T Facts, BlockEntry[] Entries)> RequireAsync<T>(string key, ReadOnlySpan<byte> magic, JsonTypeInfo<T> type, CancellationToken ct) =>
        RequireAsync(key, magic.ToArray(), type, ct);
}
