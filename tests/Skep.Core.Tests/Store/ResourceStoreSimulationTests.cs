using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Testing;

namespace Skep.Core.Tests.Store;

/// <summary>
/// Random concurrent transactions and watches against what the log made durable, with a ring and read-backs so small
/// that every path is taken. The seed decides what is done; the scheduler decides the order.
/// </summary>
public sealed class ResourceStoreSimulationTests(ITestOutputHelper output)
{
    private const int Writers = 8;
    private const int TransactionsPerWriter = 250;
    private const int Watchers = 24;

    private static readonly GroupResource[] _kinds = [new("", "configmaps"), new("a.test", "apples"), new("b.test", "pears")];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, false, 0)]
    [InlineData(2, false, 0)]
    [InlineData(3, true, 0)]
    [InlineData(4, true, 0)]
    [InlineData(5, false, 300)]
    [InlineData(6, true, 300)]
    public async Task Every_watch_sees_exactly_what_became_durable_in_order(int seed, bool hasFaults, int entriesKept)
    {
        output.WriteLine($"seed {seed}");
        var faults = new Random(seed);
        var log = new FaultyLog(new MemoryLog());
        if (hasFaults)
            log.Fault = _ => faults.Next(6) switch { 0 => AppendFault.FailsBefore, 1 => AppendFault.FailsAfter, _ => AppendFault.None };
        var limits = new StoreLimits
        {
            BatchMax = 7,
            QueueMax = 5,
            RecentEventsMax = 16,
            RecentBytesMax = 16_384,
            ReadBackMax = 5,
            LogEntriesKept = entriesKept > 0 ? entriesKept : 1_000_000,
        };
        await using var store = await ResourceStore.OpenAsync(log, limits, Ct);

        using var done = new CancellationTokenSource();
        var end = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var watches = Enumerable.Range(0, Watchers).Select(i => Task.Run(() => WatchAsync(store, new Random((seed * 1_000) + i), end.Task), Ct)).ToList();
        var writers = Enumerable.Range(0, Writers).Select(i => Task.Run(() => WriteAsync(store, new Random((seed * 2_000) + i)), Ct)).ToList();
        var acknowledged = (await Task.WhenAll(writers)).SelectMany(a => a).ToList();
        log.Fault = static _ => AppendFault.None;
        // One more change of every kind, so that every watch has an end to wait for; and one after the watches know the end,
        // because a watch may have seen it before it was told that it was one.
        end.SetResult((await CreateInEveryKindAsync(store, "the-end")).Revision);
        var last = await CreateInEveryKindAsync(store, "after-the-end");

        var durable = log.Durable;
        Assert.Equal(Enumerable.Range(1, durable.Count).Select(i => (long)i), durable.Select(e => e.Revision));
        Assert.Equal(last.Revision, durable[^1].Revision);
        AssertViewIsTheSumOf(durable, store.View);
        foreach (var (revision, changes) in acknowledged)
            Assert.Equal(changes.Select(c => (c.Type, c.Key)), durable.Skip((int)revision - changes.Count).Take(changes.Count).Select(e => (e.Type, e.Key)));
        foreach (var watch in await Task.WhenAll(watches))
        {
            var expected = durable.Where(e => e.Revision > watch.From && e.Revision <= watch.To && watch.Kinds.Contains(e.Key.GroupResource)).Select(Shape);
            Assert.Equal(expected, watch.Seen);
        }
    }

    [Fact]
    public async Task A_resource_too_large_for_the_ring_still_reaches_every_watch()
    {
        await using var store = await ResourceStore.OpenAsync(new MemoryLog(), new StoreLimits { RecentBytesMax = 2_000 }, Ct);
        await store.CommitAsync([Change.Create(new ResourceKey(_kinds[0], "default", "small"), Json("small"))], Ct);
        var large = Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"large"},"data":"{{{new string('x', 100_000)}}}"}""");
        await store.CommitAsync([Change.Create(new ResourceKey(_kinds[0], "default", "large"), large)], Ct);
        var names = new List<string>();
        await foreach (var batch in store.WatchAsync(_kinds[0], 0, Ct))
        {
            names.AddRange(batch.Events.Select(e => e.Resource.Key.Name));
            if (names.Count == 2)
                break;
        }

        Assert.Equal(["small", "large"], names);
    }

    [Fact]
    public async Task A_watch_older_than_the_log_is_told_to_list_again()
    {
        await using var store = await ResourceStore.OpenAsync(new MemoryLog(), new StoreLimits { RecentEventsMax = 2 }, Ct);
        for (var i = 0; i < 10; i++)
            await store.CommitAsync([Change.Create(new ResourceKey(_kinds[0], "default", $"c{i}"), Json("x"))], Ct);
        await store.CompactAsync(5, Ct);
        await using var tooOld = store.WatchAsync(_kinds[0], 4, Ct).GetAsyncEnumerator(Ct);
        var ex = await Assert.ThrowsAsync<ResourceException>(async () => await tooOld.MoveNextAsync());
        Assert.Equal(ResourceError.Expired, ex.Reason);
        await using var justKept = store.WatchAsync(_kinds[0], 5, Ct).GetAsyncEnumerator(Ct);
        Assert.True(await justKept.MoveNextAsync());
        Assert.Equal(6, justKept.Current.Events[0].Revision);
    }

    [Fact]
    public async Task A_watch_of_a_quiet_kind_still_moves_its_position_so_that_it_can_resume()
    {
        await using var store = await ResourceStore.OpenAsync(new MemoryLog(), Ct);
        await using var watch = store.WatchAsync(_kinds[1], 0, Ct).GetAsyncEnumerator(Ct);
        var next = watch.MoveNextAsync();
        for (var i = 0; i < 1_000; i++)
            await store.CommitAsync([Change.Create(new ResourceKey(_kinds[0], "default", $"c{i}"), Json("x"))], Ct);
        Assert.True(await next);
        Assert.Empty(watch.Current.Events);
        Assert.InRange(watch.Current.Revision, 1, 1_000);
    }

    private static async Task<List<(long Revision, List<Change> Changes)>> WriteAsync(ResourceStore store, Random random)
    {
        var acknowledged = new List<(long, List<Change>)>();
        for (var i = 0; i < TransactionsPerWriter; i++)
        {
            var view = store.View;
            var keys = new HashSet<ResourceKey>();
            var changes = new List<Change>();
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                var key = new ResourceKey(_kinds[random.Next(_kinds.Length)], "default", $"n{random.Next(12)}");
                if (!keys.Add(key))
                    continue;
                var current = view.Get(key);
                long? expected = random.Next(2) == 0 ? current?.Revision : null;
                changes.Add(current is null
                    ? Change.Create(key, Json(key.Name))
                    : random.Next(3) switch
                    {
                        0 => Change.Delete(key, expected),
                        1 => Change.Check(key, current.Revision),
                        _ => Change.Update(key, Json(key.Name), expected),
                    });
            }

            try
            {
                var result = await store.CommitAsync(changes, Ct);
                acknowledged.Add((result.Revision, [.. changes.Where(c => c.Type != ChangeType.Check)]));
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Conflict or ResourceError.NotFound or ResourceError.AlreadyExists or ResourceError.Unavailable)
            {
                // Others were faster, or a fault was injected: the durable log says what became of it.
            }
        }

        return acknowledged;
    }

    private static Task<View> CreateInEveryKindAsync(ResourceStore store, string name) =>
        store.CommitAsync([.. _kinds.Select(k => Change.Create(new ResourceKey(k, "default", name), Json(name)))], Ct);

    private static async Task<Watched> WatchAsync(ResourceStore store, Random random, Task<long> end)
    {
        while (true)
        {
            // Some start at once, some in the middle, from any revision that there is.
            for (var i = random.Next(200); i > 0; i--)
                await Task.Yield();
            var from = random.NextInt64(end.IsCompletedSuccessfully ? await end : store.View.Revision + 1);
            var kinds = _kinds.Where(_ => random.Next(2) == 0).ToHashSet();
            if (kinds.Count == 0)
                kinds = [.. _kinds];
            var source = kinds.Count == 1 ? store.WatchAsync(kinds.Single(), from, Ct)
                : kinds.Count == _kinds.Length ? store.WatchAsync(resource: null, from, Ct)
                : store.WatchKindsAsync(kinds, from, Ct);
            var seen = new List<string>();
            try
            {
                await foreach (var batch in source)
                {
                    Assert.True(batch.Revision <= store.View.Revision, "a watch ran ahead of the view");
                    seen.AddRange(batch.Events.Select(Shape));
                    if (end.IsCompletedSuccessfully && batch.Revision >= await end)
                        return new Watched(from, batch.Revision, kinds, seen);
                    if (random.Next(4) == 0)
                        await Task.Yield();
                }
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Expired)
            {
                Assert.True(from < store.CompactedRevision, "expired although the log still has it");
            }
        }
    }

    private static void AssertViewIsTheSumOf(IReadOnlyList<LogEntry> durable, View view)
    {
        var model = new Dictionary<ResourceKey, long>();
        foreach (var entry in durable)
        {
            switch (entry.Type)
            {
                case ChangeType.Create:
                    model.Add(entry.Key, entry.Revision);
                    break;
                case ChangeType.Update:
                    Assert.True(model.ContainsKey(entry.Key));
                    model[entry.Key] = entry.Revision;
                    break;
                default:
                    Assert.True(model.Remove(entry.Key));
                    break;
            }
        }

        var actual = _kinds.SelectMany(k => view.List(k, ns: null, after: null)).ToDictionary(r => r.Key, r => r.Revision);
        Assert.Equal(model.OrderBy(p => p.Key.ToString(), StringComparer.Ordinal), actual.OrderBy(p => p.Key.ToString(), StringComparer.Ordinal));
    }

    private static string Shape(LogEntry e) => $"{e.Revision} {e.Type} {e.Key}";

    private static string Shape(ResourceEvent e)
    {
        var type = e.Type switch { ResourceEventType.Added => ChangeType.Create, ResourceEventType.Modified => ChangeType.Update, _ => ChangeType.Delete };
        return $"{e.Revision} {type} {e.Resource.Key}";
    }

    private static byte[] Json(string name) => Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"{{{name}}}"}}""");

    private sealed record Watched(long From, long To, HashSet<GroupResource> Kinds, List<string> Seen);
}
