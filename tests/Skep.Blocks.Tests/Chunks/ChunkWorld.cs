using System.Security.Cryptography;
using Skep.Blocks.Chunks;
using Skep.Blocks.Keys;
using Skep.Blocks.Stores;
using Skep.Testing;

namespace Skep.Blocks.Tests.Chunks;

/// <summary>A chunk store over objects in memory, a clock that tests move, and devices to take snapshots of.</summary>
internal sealed class ChunkWorld
{
    public const int Block = ChunkStore.BlockBytes;

    public ChunkWorld()
    {
        Objects = new MemoryObjectStore("memory", Clock);
    }

    public TestClock Clock { get; } = new();
    public MemoryObjectStore Objects { get; }
    public KeyRing? Keys { get; init; }
    public TimeSpan Grace { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Three incompressible blocks a pack.</summary>
    public int PackBytes { get; init; } = (3 * Block) + 1024;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static KeyRing NewKeys() => new("k1", new Dictionary<string, byte[]> { ["k1"] = RandomNumberGenerator.GetBytes(32) });

    public Task<ChunkStore> OpenAsync() => OpenAsync(Objects);

    public Task<ChunkStore> OpenAsync(IObjectStore objects) => ChunkStore.OpenAsync(
        objects,
        new ChunkStoreOptions { PackBytes = PackBytes, Grace = Grace },
        new ChunkStoreServices { Time = Clock, FillRandom = RandomNumberGenerator.Fill, Keys = Keys },
        Ct);

    /// <summary>A device whose blocks are zeroes for seed 0 and otherwise incompressible bytes of that seed.</summary>
    public static byte[] Device(params int[] seeds)
    {
        var device = new byte[seeds.Length * Block];
        for (var i = 0; i < seeds.Length; i++)
        {
            if (seeds[i] != 0)
                new Random(seeds[i]).NextBytes(device.AsSpan(i * Block, Block));
        }

        return device;
    }

    public static async Task<SnapshotInfo> TakeAsync(ChunkStore store, string id, byte[] device, string? parent = null, bool isEncrypted = false)
    {
        await using var writer = await store.BeginAsync(Request(id, device, parent, isEncrypted), Ct);
        await PutAsync(writer, device);
        return await writer.CompleteAsync(Ct);
    }

    public static SnapshotRequest Request(string id, byte[] device, string? parent = null, bool isEncrypted = false) =>
        new() { SnapshotId = id, SizeBytes = device.Length, ParentId = parent, IsEncrypted = isEncrypted, VolumeName = "vol-1" };

    public static async Task PutAsync(SnapshotWriter writer, byte[] device)
    {
        for (var block = 0; block < writer.BlockCount; block++)
            await writer.PutBlockAsync(block, device.AsMemory(block * Block, Math.Min(Block, device.Length - (block * Block))), Ct);
    }

    public static async Task<byte[]> ReadAsync(ChunkStore store, string id)
    {
        await using var reader = await store.OpenAsync(id, Ct);
        var content = new byte[reader.SizeBytes];
        await reader.ReadAsync(0, content, Ct);
        return content;
    }

    public static async Task<List<string>> ListAsync(ChunkStore store)
    {
        var ids = new List<string>();
        await foreach (var id in store.ListAsync(Ct))
            ids.Add(id);
        return ids;
    }

    public IReadOnlyList<string> Keyed(string prefix) => [.. Objects.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal))];

    /// <summary>Collects until nothing is left to collect: condemns, waits out the grace, deletes.</summary>
    public async Task CollectAsync(ChunkStore store)
    {
        for (var i = 0; i < 3; i++)
        {
            Clock.Advance(Grace + TimeSpan.FromSeconds(1));
            await store.CollectGarbageAsync(Ct);
        }
    }
}
