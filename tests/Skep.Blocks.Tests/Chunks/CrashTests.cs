using Skep.Blocks.Chunks;
using Skep.Blocks.Stores;
using static Skep.Blocks.Tests.Chunks.ChunkWorld;

namespace Skep.Blocks.Tests.Chunks;

/// <summary>The process dies at every operation of the object store in turn, with and without the operation's effect.</summary>
public sealed class CrashTests
{
    private const int OperationsMax = 500;
    private static readonly byte[] _old = Device(1, 2, 3, 0, 4, 5);
    private static readonly byte[] _new = Device(1, 9, 3, 8, 0, 7);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_snapshot_exists_wholly_or_not_at_all(bool hasLastEffect) => CrashEverywhereAsync(hasLastEffect, async store =>
    {
        await using var writer = await store.BeginAsync(Request("snap-new", _new, "snap-old"), Ct);
        for (var block = 0; block < writer.BlockCount; block++)
        {
            await writer.PutBlockAsync(block, _new.AsMemory(block * Block, Block), Ct);
            if (block % 2 == 1)
                await writer.FlushAsync(Ct);
        }

        await writer.CompleteAsync(Ct);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Deleting_and_collecting_harm_nothing_else(bool hasLastEffect) => CrashEverywhereAsync(hasLastEffect, async store =>
    {
        await TakeAsync(store, "snap-new", _new);
        await store.DeleteAsync("snap-gone", Ct);
        await store.CollectGarbageAsync(Ct);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task An_aborted_snapshot_harms_nothing_else(bool hasLastEffect) => CrashEverywhereAsync(hasLastEffect, async store =>
    {
        await using (var writer = await store.BeginAsync(Request("snap-x", _new, "snap-old"), Ct))
        {
            await PutAsync(writer, _new);
            await writer.FlushAsync(Ct);
            await writer.AbortAsync(Ct);
        }

        await TakeAsync(store, "snap-new", _new);
    });

    /// <summary>The same, of a garbage collection that has something to delete, to compact and to rescue.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_collection_that_dies_harms_nothing_and_the_next_one_finishes(bool hasLastEffect)
    {
        for (var calls = 0; calls < OperationsMax; calls++)
        {
            var world = await NewWorldAsync();
            var store = await world.OpenAsync();
            await TakeAsync(store, "snap-new", _new);
            await store.DeleteAsync("snap-gone", Ct);
            world.Clock.Advance(world.Grace * 2);
            await store.CollectGarbageAsync(Ct); // condemns and compacts
            await store.DeleteAsync("snap-new", Ct);
            world.Clock.Advance(world.Grace * 2);

            var objects = new StoppingStore(world.Objects);
            var dying = await world.OpenAsync(objects);
            objects.CallsMax = objects.Calls + calls;
            objects.HasLastEffect = hasLastEffect;
            var died = await DiesAsync(objects, async () =>
            {
                await dying.CollectGarbageAsync(Ct);
                world.Clock.Advance(world.Grace * 2);
                await dying.CollectGarbageAsync(Ct);
            });

            var reopened = await world.OpenAsync();
            Assert.Equal(_old, await ReadAsync(reopened, "snap-old"));
            await world.CollectAsync(reopened);
            Assert.Equal(_old, await ReadAsync(await world.OpenAsync(), "snap-old"));
            var count = await reopened.CountAsync(Ct);
            Assert.InRange(count.PackBytes, count.StoredBytes, count.StoredBytes + (count.StoredBytes / 20));
            Assert.Empty(world.Keyed("condemned/"));
            if (!died)
                return;
        }

        Assert.Fail($"never finished within {OperationsMax} operations");
    }

    private static async Task CrashEverywhereAsync(bool hasLastEffect, Func<ChunkStore, Task> work)
    {
        for (var calls = 0; calls < OperationsMax; calls++)
        {
            var world = await NewWorldAsync();
            var objects = new StoppingStore(world.Objects);
            var store = await world.OpenAsync(objects);
            objects.CallsMax = objects.Calls + calls;
            objects.HasLastEffect = hasLastEffect;
            var died = await DiesAsync(objects, () => work(store));
            await CheckAsync(world, calls, mustExist: !died);
            if (!died)
                return;
        }

        Assert.Fail($"never finished within {OperationsMax} operations");
    }

    private static async Task<ChunkWorld> NewWorldAsync()
    {
        var world = new ChunkWorld();
        var store = await world.OpenAsync();
        await TakeAsync(store, "snap-old", _old);
        await TakeAsync(store, "snap-gone", Device(4, 20, 21, 22));
        return world;
    }

    private static async Task<bool> DiesAsync(StoppingStore objects, Func<Task> work)
    {
        try
        {
            await work();
            return objects.IsStopped; // a failure that nobody needs to know of, at the very end
        }
        catch (Exception ex) when (ex is ObjectStoreException or ObjectDisposedException)
        {
            Assert.True(objects.IsStopped, ex.ToString());
            return true;
        }
    }

    private static async Task CheckAsync(ChunkWorld world, int calls, bool mustExist)
    {
        var store = await world.OpenAsync();
        Assert.Equal(_old, await ReadAsync(store, "snap-old"));
        var exists = await store.FindAsync("snap-new", Ct) is not null;
        Assert.True(exists || !mustExist);
        if (exists)
            Assert.Equal(_new, await ReadAsync(store, "snap-new"));
        else if (await store.ResumeAsync("snap-new", Ct) is { } resumed)
            await FinishAsync(resumed);

        // Whatever was left: it expires, is collected, and nothing in use goes with it.
        exists = await store.FindAsync("snap-new", Ct) is not null;
        await store.DeleteAsync("snap-gone", Ct);
        world.Clock.Advance(TimeSpan.FromDays(2));
        await world.CollectAsync(store);
        store = await world.OpenAsync();
        Assert.Equal(_old, await ReadAsync(store, "snap-old"));
        if (exists)
            Assert.Equal(_new, await ReadAsync(store, "snap-new"));
        Assert.Empty(world.Keyed("pending/"));
        Assert.Empty(world.Keyed("condemned/"));
        var report = await store.VerifyAsync(null, null, Ct);
        Assert.True(report.Damages.Count == 0, $"died after {calls} operations: {string.Join("; ", report.Damages)}");
        var count = await store.CountAsync(Ct);
        Assert.True(count.PackBytes < count.StoredBytes * 2.1, $"died after {calls} operations: {count.PackBytes} bytes of packs for {count.StoredBytes} in use");
    }

    private static async Task FinishAsync(SnapshotWriter writer)
    {
        await using (writer)
        {
            await PutAsync(writer, _new);
            await writer.CompleteAsync(Ct);
        }
    }
}
