using Skep.Blocks.Chunks;
using static Skep.Blocks.Tests.Chunks.ChunkWorld;

namespace Skep.Blocks.Tests.Chunks;

public sealed class GarbageTests
{
    private readonly ChunkWorld _world = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_nothing_uses_goes_after_the_grace_and_not_before()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1, 2, 3, 4));
        await store.DeleteAsync("snap-1", Ct);
        Assert.Equal(0, (await store.CollectGarbageAsync(Ct)).PacksCondemned); // too young
        _world.Clock.Advance(_world.Grace);
        Assert.Equal(2, (await store.CollectGarbageAsync(Ct)).PacksCondemned);
        Assert.Equal(0, (await store.CollectGarbageAsync(Ct)).PacksDeleted);
        _world.Clock.Advance(_world.Grace);
        var report = await store.CollectGarbageAsync(Ct);
        Assert.Equal(2, report.PacksDeleted);
        Assert.InRange(report.BytesFreed, 4 * Block, (4 * Block) + 2_000);
        Assert.Empty(_world.Keyed("packs/"));
        Assert.Empty(_world.Keyed("condemned/"));
    }

    [Fact]
    public async Task A_snapshot_that_found_a_chunk_before_it_was_condemned_keeps_it()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1, 2, 3));
        await store.DeleteAsync("snap-1", Ct);
        _world.Clock.Advance(_world.Grace);

        // Another process, which has found the chunks in its own index before they are condemned.
        var other = await _world.OpenAsync();
        await using var writer = await other.BeginAsync(Request("snap-2", Device(1, 2, 3)), Ct);
        await writer.PutBlockAsync(0, Device(1), Ct);
        await store.CollectGarbageAsync(Ct);
        await store.CondemnPackAsync(_world.Keyed("packs/")[0]["packs/".Length..], Ct);
        await writer.PutBlockAsync(1, Device(2), Ct);
        await writer.PutBlockAsync(2, Device(3), Ct);
        _world.Clock.Advance(_world.Grace * 3);
        Assert.Equal(0, (await store.CollectGarbageAsync(Ct)).PacksDeleted);

        await writer.CompleteAsync(Ct);
        Assert.Equal(1, (await store.CollectGarbageAsync(Ct)).PacksRescued);
        await _world.CollectAsync(store);
        Assert.Equal(Device(1, 2, 3), await ReadAsync(await _world.OpenAsync(), "snap-2"));
        Assert.Single(_world.Keyed("packs/"));
    }

    [Fact]
    public async Task A_snapshot_that_begins_after_a_chunk_was_condemned_stores_it_anew()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1, 2));
        await store.DeleteAsync("snap-1", Ct);
        _world.Clock.Advance(_world.Grace);
        Assert.Equal(1, (await store.CollectGarbageAsync(Ct)).PacksCondemned);
        _world.Clock.Advance(_world.Grace);
        var other = await _world.OpenAsync();
        await using var writer = await other.BeginAsync(Request("snap-2", Device(1, 2)), Ct);
        await PutAsync(writer, Device(1, 2));
        Assert.Equal(1, (await store.CollectGarbageAsync(Ct)).PacksDeleted); // the new one does not need to be waited for
        await writer.CompleteAsync(Ct);
        Assert.Equal(Device(1, 2), await ReadAsync(await _world.OpenAsync(), "snap-2"));
        Assert.Equal(Device(1, 2), await ReadAsync(store, "snap-2"));
    }

    [Fact]
    public async Task A_pack_of_which_little_is_used_is_written_anew_and_open_readers_follow()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1, 2, 3, 4, 5, 6));
        await TakeAsync(store, "snap-2", Device(3, 6));
        await store.DeleteAsync("snap-1", Ct);
        var other = await _world.OpenAsync();
        await using var reader = await other.OpenAsync("snap-2", Ct);
        _world.Clock.Advance(_world.Grace);
        Assert.Equal(2, (await store.CollectGarbageAsync(Ct)).PacksCompacted);
        _world.Clock.Advance(_world.Grace);
        Assert.Equal(2, (await store.CollectGarbageAsync(Ct)).PacksDeleted);
        Assert.Single(_world.Keyed("packs/"));
        var content = new byte[2 * Block];
        await reader.ReadAsync(0, content, Ct);
        Assert.Equal(Device(3, 6), content);
        Assert.Equal(Device(3, 6), await ReadAsync(await _world.OpenAsync(), "snap-2"));
    }

    [Fact]
    public async Task Many_small_packs_become_one()
    {
        var world = new ChunkWorld { PackBytes = 16 * Block };
        var store = await world.OpenAsync();
        var device = Device(1, 2, 3, 4, 5, 6, 7, 8);
        await using var writer = await store.BeginAsync(Request("snap-1", device), Ct);
        for (var i = 0; i < 8; i++)
        {
            await writer.PutBlockAsync(i, device.AsMemory(i * Block, Block), Ct);
            await writer.FlushAsync(Ct);
        }

        await writer.CompleteAsync(Ct);
        Assert.Equal(8, world.Keyed("packs/").Count);
        await world.CollectAsync(store);
        Assert.Single(world.Keyed("packs/"));
        Assert.Equal(device, await ReadAsync(await world.OpenAsync(), "snap-1"));
    }

    [Fact]
    public async Task A_snapshot_that_nothing_comes_for_expires_and_cannot_be_completed_afterwards()
    {
        var store = await _world.OpenAsync();
        await using var writer = await store.BeginAsync(Request("snap-1", Device(1)) with { ExpiresAfter = TimeSpan.FromHours(1) }, Ct);
        await PutAsync(writer, Device(1));
        await writer.FlushAsync(Ct);
        _world.Clock.Advance(TimeSpan.FromHours(1) + _world.Grace + TimeSpan.FromSeconds(1));
        Assert.Equal(1, (await store.CollectGarbageAsync(Ct)).SnapshotsExpired);
        await ChunkStoreTests.FailsAsync(ChunkStoreError.Expired, () => writer.PutBlockAsync(0, Device(2), Ct));
        await ChunkStoreTests.FailsAsync(ChunkStoreError.Expired, () => writer.CompleteAsync(Ct));
        Assert.Empty(await ListAsync(store));
        await _world.CollectAsync(store);
        Assert.Empty(_world.Keyed("packs/"));
        Assert.Empty(_world.Keyed("pending/"));
    }

    [Fact]
    public async Task A_snapshot_that_is_worked_on_does_not_expire()
    {
        var store = await _world.OpenAsync();
        await using var writer = await store.BeginAsync(Request("snap-1", Device(1, 2)) with { ExpiresAfter = TimeSpan.FromHours(1) }, Ct);
        for (var i = 0; i < 10; i++)
        {
            await writer.PutBlockAsync(0, Device(1 + i), Ct);
            _world.Clock.Advance(TimeSpan.FromMinutes(40));
            Assert.Equal(0, (await store.CollectGarbageAsync(Ct)).SnapshotsExpired);
        }

        await writer.PutBlockAsync(1, Device(2), Ct);
        await writer.CompleteAsync(Ct);
        Assert.Equal(Device(10, 2), await ReadAsync(store, "snap-1"));
    }

    [Fact]
    public async Task Nothing_is_freed_while_a_manifest_cannot_be_read()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1));
        await TakeAsync(store, "snap-2", Device(2));
        await store.DeleteAsync("snap-2", Ct);
        _world.Objects.Damage("snapshots/snap-1", b => b[..^1]);
        for (var i = 0; i < 3; i++)
        {
            _world.Clock.Advance(_world.Grace * 2);
            await ChunkStoreTests.FailsAsync(ChunkStoreError.Damaged, () => store.CollectGarbageAsync(Ct));
        }

        Assert.Equal(2, _world.Keyed("packs/").Count);
    }

    /// <summary>Two processes take, delete and collect at random on one store; what is complete can always be read.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_random_walk_of_two_processes_loses_nothing(int seed)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        ChunkStore[] stores = [await _world.OpenAsync(), await _world.OpenAsync()];
        var complete = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var open = new List<(SnapshotWriter Writer, byte[] Device, int Next)>();
        for (var step = 0; step < 250; step++)
        {
            var store = stores[random.Next(2)];
            switch (random.Next(8))
            {
                case 0 or 1 when open.Count < 4:
                    var device = Device([.. Enumerable.Range(0, 4).Select(_ => random.Next(12))]);
                    var parent = complete.Count > 0 && random.Next(2) == 0 ? complete.Keys.ElementAt(random.Next(complete.Count)) : null;
                    open.Add((await store.BeginAsync(Request($"snap-{step}", device, parent), Ct), device, 0));
                    break;
                case 2 or 3 or 4 when open.Count > 0:
                    var i = random.Next(open.Count);
                    var (writer, content, next) = open[i];
                    if (next < 4)
                    {
                        await writer.PutBlockAsync(next, content.AsMemory(next * Block, Block), Ct);
                        open[i] = (writer, content, next + 1);
                        break;
                    }

                    await writer.CompleteAsync(Ct);
                    await writer.DisposeAsync();
                    complete[writer.SnapshotId] = content;
                    open.RemoveAt(i);
                    break;
                case 5 when complete.Count > 2:
                    var id = complete.Keys.ElementAt(random.Next(complete.Count));
                    await store.DeleteAsync(id, Ct);
                    complete.Remove(id);
                    break;
                case 6:
                    await store.CollectGarbageAsync(Ct);
                    break;
                default:
                    _world.Clock.Advance(_world.Grace * random.NextDouble());
                    break;
            }
        }

        foreach (var (id, content) in complete)
        {
            Assert.Equal(content, await ReadAsync(stores[0], id));
            Assert.Equal(content, await ReadAsync(await _world.OpenAsync(), id));
        }

        foreach (var (writer, _, _) in open)
            await writer.AbortAsync(Ct);
        await _world.CollectAsync(stores[0]);
        Assert.Empty((await stores[1].VerifyAsync(null, null, Ct)).Damages);
    }
}
