using Skep.Blocks.Chunks;
using static Skep.Blocks.Tests.Chunks.ChunkWorld;

namespace Skep.Blocks.Tests.Chunks;

public sealed class VerifyTests
{
    private readonly ChunkWorld _world = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_is_well_when_nothing_happened()
    {
        var store = await MakeAsync();
        var seen = new List<SnapshotProgress>();
        var report = await store.VerifyAsync(null, seen.Add, Ct);
        Assert.Empty(report.Damages);
        Assert.Equal((2, 6L, 6L * Block), (report.Snapshots, report.Chunks, report.Bytes));
        Assert.Equal(new SnapshotProgress("snap-2", 4, 4), seen[^1]);
    }

    /// <summary>Every kind of damage to the pack that holds blocks 0 to 2 of snap-1, of which snap-2 shares block 1.</summary>
    [Theory]
    [InlineData("flipped bit in the content of block 1")]
    [InlineData("cut in the middle")]
    [InlineData("cut to nothing")]
    [InlineData("missing")]
    [InlineData("flipped bit in the index")]
    [InlineData("zeroed")]
    [InlineData("another pack's bytes")]
    public async Task Damage_is_named_by_snapshot_and_block_and_never_served(string how)
    {
        var warm = await MakeAsync();
        var key = await PackOfAsync(warm, "snap-1", 1);
        var other = _world.Keyed("packs/").First(k => k != key);
        var otherBytes = (await warm.FindObjectAsync(other, Ct))!;
        if (how == "missing")
            await _world.Objects.DeleteAsync(key, Ct);
        else
            _world.Objects.Damage(key, bytes => Damage(how, bytes, otherBytes));

        foreach (var store in (ChunkStore[])[warm, await _world.OpenAsync()])
        {
            // What was known before the damage is not asked again: an index that is lost matters to those who open later.
            if (store == warm && how == "flipped bit in the index")
                continue;
            var report = await store.VerifyAsync(null, null, Ct);
            var named = report.Damages.Select(d => (d.SnapshotId, d.Block)).ToHashSet();
            Assert.Contains(("snap-1", 1L), named);
            Assert.Contains(("snap-2", 0L), named);
            Assert.DoesNotContain(("snap-1", 4L), named);
            await using var reader = await store.OpenAsync("snap-1", Ct);
            var buffer = Device(99);
            var ex = await Assert.ThrowsAsync<BlockDeviceException>(async () => await reader.ReadBlockAsync(1, buffer, Ct));
            Assert.Equal(BlockError.Io, ex.Error);
            Assert.Contains("block 1 of snapshot snap-1", ex.Message, StringComparison.Ordinal);
            Assert.Equal(Device(99), buffer);
            await reader.ReadBlockAsync(5, buffer, Ct);
            Assert.Equal(Device(5), buffer);
        }
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("empty")]
    [InlineData("another snapshot's")]
    public async Task A_damaged_manifest_is_named_and_nothing_of_it_is_served(string how)
    {
        var store = await MakeAsync();
        var other = (await store.FindObjectAsync("snapshots/snap-2", Ct))!;
        _world.Objects.Damage("snapshots/snap-1", bytes =>
        {
            bytes[^5] ^= 1;
            return how switch { "flip" => bytes, "cut" => bytes[..^36], "empty" => [], _ => other };
        });
        var damage = Assert.Single((await store.VerifyAsync(null, null, Ct)).Damages);
        Assert.Equal(("snap-1", null), (damage.SnapshotId, damage.Block));
        await ChunkStoreTests.FailsAsync(ChunkStoreError.Damaged, () => store.OpenAsync("snap-1", Ct));
    }

    [Fact]
    public async Task A_snapshot_that_was_asked_for_and_does_not_exist_is_reported()
    {
        var store = await MakeAsync();
        Assert.Equal("snap-9", Assert.Single((await store.VerifyAsync(["snap-9"], null, Ct)).Damages).SnapshotId);
    }

    private static byte[] Damage(string how, byte[] bytes, byte[] other)
    {
        switch (how)
        {
            case "flipped bit in the content of block 1":
                bytes[16 + Block + 1000] ^= 4;
                return bytes;
            case "cut in the middle":
                return bytes[..(Block + (Block / 2))];
            case "cut to nothing":
                return [];
            case "flipped bit in the index":
                bytes[^(PackFormat.TrailerLength + 10)] ^= 1;
                return bytes;
            case "zeroed":
                return new byte[bytes.Length];
            default:
                return other;
        }
    }

    /// <summary>Packs of three: blocks 0 to 2 and 4 to 6 of snap-1; snap-2 shares block 1 and the second pack.</summary>
    private async Task<ChunkStore> MakeAsync()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1, 2, 3, 0, 4, 5, 6));
        await TakeAsync(store, "snap-2", Device(2, 4, 5, 6));
        return store;
    }

    private static async Task<string> PackOfAsync(ChunkStore store, string snapshotId, long block)
    {
        var (_, table) = await store.LoadAsync(snapshotId, Ct);
        Assert.True(store.Index.TryFind(table[block], out var packId, out _));
        return "packs/" + packId;
    }
}
