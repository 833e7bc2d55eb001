using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Testing;

namespace Skep.Core.Tests.Store;

public sealed class ResourceStoreFaultTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_write_that_the_log_refuses_leaves_no_trace_and_the_next_one_goes_through()
    {
        var log = new FaultyLog(new MemoryLog()) { Fault = n => n == 0 ? AppendFault.FailsBefore : AppendFault.None };
        await using var store = await ResourceStore.OpenAsync(log, Ct);
        var ex = await Assert.ThrowsAsync<ResourceException>(() => store.CommitAsync([Create("a")], Ct));
        Assert.Equal(ResourceError.Unavailable, ex.Reason);
        Assert.Contains("injected: nothing was written", ex.Message, StringComparison.Ordinal);
        Assert.Equal(0, store.View.Revision);
        var view = await store.CommitAsync([Create("a")], Ct);
        Assert.Equal(1, view.Revision);
    }

    [Fact]
    public async Task A_lost_acknowledgement_is_cleared_up_by_asking_the_log()
    {
        var log = new FaultyLog(new MemoryLog()) { Fault = n => n == 0 ? AppendFault.FailsAfter : AppendFault.None };
        await using var store = await ResourceStore.OpenAsync(log, Ct);
        var view = await store.CommitAsync([Create("a")], Ct);
        Assert.Equal(1, view.Revision);
        await store.CommitAsync([Create("b")], Ct);
        Assert.Equal(["a", "b"], await NamesAsync(store, 0, 2));
    }

    [Fact]
    public async Task While_the_log_does_not_answer_outcomes_are_unavailable_and_later_the_durable_ones_appear()
    {
        var log = new FaultyLog(new MemoryLog()) { Fault = n => n == 0 ? AppendFault.FailsAfter : AppendFault.None, ReadsFail = true };
        await using var store = await ResourceStore.OpenAsync(log, Ct);
        Assert.Equal(ResourceError.Unavailable, (await Assert.ThrowsAsync<ResourceException>(() => store.CommitAsync([Create("a")], Ct))).Reason);
        Assert.Equal(ResourceError.Unavailable, (await Assert.ThrowsAsync<ResourceException>(() => store.CommitAsync([Create("b")], Ct))).Reason);
        Assert.Equal(1, log.Appends);
        log.ReadsFail = false;
        Assert.Equal(ResourceError.AlreadyExists, (await Assert.ThrowsAsync<ResourceException>(() => store.CommitAsync([Create("a")], Ct))).Reason);
        await store.CommitAsync([Create("c")], Ct);
        Assert.Equal(["a", "c"], await NamesAsync(store, 0, 2));
    }

    [Fact]
    public async Task A_failure_decided_on_top_of_a_lost_write_is_not_reported_as_such()
    {
        var log = new FaultyLog(new MemoryLog()) { Fault = n => n == 1 ? AppendFault.FailsBefore : AppendFault.None };
        await using var store = await ResourceStore.OpenAsync(log, Ct);
        var reached = log.Hold();
        var first = store.CommitAsync([Create("a")], Ct);
        await reached;
        // Both wait for the same append, the second behind the first; that append fails.
        var second = store.CommitAsync([Create("b")], Ct);
        var third = store.CommitAsync([Create("b")], Ct);
        log.Release();
        await first;
        Assert.Equal(ResourceError.Unavailable, (await Assert.ThrowsAsync<ResourceException>(() => second)).Reason);
        Assert.Equal(ResourceError.Unavailable, (await Assert.ThrowsAsync<ResourceException>(() => third)).Reason);
        Assert.Null(store.View.Get(Key("b")));
    }

    [Fact]
    public async Task Writers_that_come_while_the_log_is_slow_share_one_append_and_nothing_shows_before()
    {
        var log = new FaultyLog(new MemoryLog());
        await using var store = await ResourceStore.OpenAsync(log, Ct);
        var reached = log.Hold();
        var first = store.CommitAsync([Create("first")], Ct);
        await reached;
        var writers = Enumerable.Range(0, 64).Select(i => store.CommitAsync([Create($"c{i}")], Ct)).ToList();
        Assert.Equal(0, store.View.Revision);
        Assert.All(writers, w => Assert.False(w.IsCompleted));
        log.Release();
        await first;
        await Task.WhenAll(writers);
        Assert.Equal(2, log.Appends);
        Assert.Equal(65, store.View.Revision);
    }

    [Fact]
    public async Task A_writer_that_gives_up_waiting_still_learns_the_outcome()
    {
        var log = new FaultyLog(new MemoryLog());
        await using var store = await ResourceStore.OpenAsync(log, Ct);
        var reached = log.Hold();
        using var cancel = new CancellationTokenSource();
        var write = store.CommitAsync([Create("a")], cancel.Token);
        await reached;
        await cancel.CancelAsync();
        Assert.False(write.IsCompleted);
        log.Release();
        Assert.Equal(1, (await write).Revision);
    }

    [Fact]
    public async Task Closing_waits_for_writes_ends_watches_and_refuses_what_comes_later()
    {
        var log = new FaultyLog(new MemoryLog());
        var store = await ResourceStore.OpenAsync(log, Ct);
        var watch = NamesAsync(store, 0, int.MaxValue);
        var reached = log.Hold();
        var write = store.CommitAsync([Create("a")], Ct);
        await reached;
        var closing = store.DisposeAsync().AsTask();
        log.Release();
        await closing;
        await store.DisposeAsync();
        Assert.Equal(1, (await write).Revision);
        Assert.Equal(["a"], await watch);
        Assert.Equal(ResourceError.Unavailable, (await Assert.ThrowsAsync<ResourceException>(() => store.CommitAsync([Create("b")], Ct))).Reason);
    }

    private static ResourceKey Key(string name) => CoreKinds.ConfigMap.Key("default", name);

    private static Change Create(string name) =>
        Change.Create(Key(name), Encoding.UTF8.GetBytes($$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}","namespace":"default"}}"""));

    private static async Task<List<string>> NamesAsync(ResourceStore store, long after, int count)
    {
        var names = new List<string>();
        await foreach (var batch in store.WatchAsync(CoreKinds.ConfigMap.GroupResource, after, Ct))
        {
            names.AddRange(batch.Events.Select(e => e.Resource.Key.Name));
            if (names.Count >= count)
                break;
        }

        return names;
    }
}
