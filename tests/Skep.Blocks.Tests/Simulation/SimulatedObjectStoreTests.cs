using Skep.Blocks.Simulation;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Simulation;

public sealed class SimulatedObjectStoreTests
{
    private const int SeedCount = 100;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void An_object_is_read_as_stored_and_gone_when_deleted()
    {
        var world = new World();
        world.RunInProcess(async () =>
        {
            var store = world.Store.For(world.Process);
            Assert.True(await store.PutAsync("a/1", [new byte[] { 1, 2 }, new byte[] { 3 }], PutCondition.None, Ct));
            var buffer = new byte[2];
            await store.GetAsync("a/1", 1, buffer, Ct);
            Assert.Equal([2, 3], buffer);
            Assert.Equal(3, await store.FindAsync("a/1", Ct));
            Assert.Equal(ObjectStoreError.Short, (await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.GetAsync("a/1", 2, buffer, Ct))).Error);
            await store.DeleteAsync("a/1", Ct);
            await store.DeleteAsync("a/1", Ct);
            Assert.Null(await store.FindAsync("a/1", Ct));
            Assert.Equal(ObjectStoreError.NotFound, (await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.GetAsync("a/1", 0, buffer, Ct))).Error);
        });
    }

    [Fact]
    public void Lists_are_in_order_and_go_on_after_a_key()
    {
        var world = new World();
        world.RunInProcess(async () =>
        {
            var store = world.Store.For(world.Process);
            foreach (var i in Enumerable.Range(0, 11))
                await store.PutAsync($"a/{i:00}", [new byte[i]], PutCondition.None, Ct);
            await store.PutAsync("b", [], PutCondition.None, Ct);
            Assert.Equal(Enumerable.Range(0, 11).Select(i => (long)i), await ListAsync(store, "a/", null));
            Assert.Equal(Enumerable.Range(8, 3).Select(i => (long)i), await ListAsync(store, "a/", "a/07"));
        });
    }

    [Fact]
    public void Of_many_conditional_stores_exactly_one_wins_even_when_answers_are_lost()
    {
        for (var seed = 1; seed <= SeedCount; seed++)
        {
            var world = new World((ulong)seed);
            (world.Store.Faults.LostAnswerPerMille, world.Store.Faults.DuplicatePerMille, world.Store.Faults.LostPerMille) = (300, 500, 100);
            var winners = 0;
            var lost = 0;
            world.RunInProcess(() => Task.WhenAll(Enumerable.Range(0, 5).Select(async i =>
            {
                try
                {
                    if (await world.Store.For(world.Process).PutAsync("a", [new[] { (byte)i }], PutCondition.IfAbsent, Ct))
                        winners++;
                }
                catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.Unavailable)
                {
                    lost++;
                }
            })));
            Assert.InRange(winners, lost == 0 ? 1 : 0, 1);
        }
    }

    [Fact]
    public void A_late_duplicate_of_a_conditional_store_changes_nothing()
    {
        var world = new World();
        world.Store.Faults.DuplicatePerMille = 1000;
        world.RunInProcess(async () =>
        {
            var store = world.Store.For(world.Process);
            Assert.True(await store.PutAsync("a", [new byte[] { 1 }], PutCondition.IfAbsent, Ct));
            Assert.True(await store.PutAsync("a", [new byte[] { 2 }], PutCondition.None, Ct));
            world.Store.Faults.DuplicatePerMille = 0;
            await Task.Delay(world.Store.Faults.StaleMax, world.Process.Time, Ct);
            var buffer = new byte[1];
            await store.GetAsync("a", 0, buffer, Ct);
            Assert.Equal(2, buffer[0]);
        });
    }

    [Fact]
    public void A_lost_answer_is_a_failure_whose_effect_comes_even_after_the_death_of_the_caller()
    {
        var world = new World();
        world.Store.Faults.LostAnswerPerMille = 1000;
        world.Run(async () =>
        {
            var put = world.Process.RunAsync(async () => await world.Store.For(world.Process).PutAsync("a", [new byte[1]], PutCondition.None, Ct));
            await Task.Yield();
            await Task.Delay(TimeSpan.FromMilliseconds(1), world.Scheduler.Observer.Time, Ct);
            world.Process.Kill();
            await Assert.ThrowsAsync<ProcessKilledException>(() => put);
            await Task.Delay(TimeSpan.FromMinutes(3), world.Scheduler.Observer.Time, Ct);
        });
        Assert.Equal(["a"], world.Store.Objects.Keys);
    }

    [Fact]
    public void Stale_lists_miss_the_newest_and_show_the_deleted()
    {
        var (isMissing, isShown) = (false, false);
        for (var seed = 1; seed <= SeedCount; seed++)
        {
            var world = new World((ulong)seed);
            world.Store.Faults.StaleListPerMille = 500;
            world.RunInProcess(async () =>
            {
                var store = world.Store.For(world.Process);
                await store.PutAsync("a", [new byte[1]], PutCondition.None, Ct);
                isMissing |= (await ListAsync(store, "", null)).Count == 0;
                await Task.Delay(world.Store.Faults.StaleMax, world.Process.Time, Ct);
                Assert.Single(await ListAsync(store, "", null));
                await store.DeleteAsync("a", Ct);
                isShown |= (await ListAsync(store, "", null)).Count == 1;
                Assert.Null(await store.FindAsync("a", Ct));
                await Task.Delay(world.Store.Faults.StaleMax, world.Process.Time, Ct);
                Assert.Empty(await ListAsync(store, "", null));
            });
        }
        Assert.True(isMissing && isShown);
    }

    [Fact]
    public void An_outage_ends()
    {
        var world = new World();
        world.RunInProcess(async () =>
        {
            var store = world.Store.For(world.Process);
            world.Store.BeginOutage(TimeSpan.FromMinutes(5));
            var ex = await Assert.ThrowsAsync<ObjectStoreException>(async () => await store.FindAsync("a", Ct));
            Assert.Equal(ObjectStoreError.Unavailable, ex.Error);
            await Task.Delay(TimeSpan.FromMinutes(5), world.Process.Time, Ct);
            Assert.Null(await store.FindAsync("a", Ct));
        });
    }

    private static async Task<List<long>> ListAsync(IObjectStore store, string prefix, string? after)
    {
        var lengths = new List<long>();
        await foreach (var item in store.ListAsync(prefix, after, Ct))
            lengths.Add(item.LengthBytes);
        return lengths;
    }
}
