using System.Runtime.CompilerServices;
using Skep.Blocks.Stores;
using Skep.Testing;

namespace Skep.Blocks.Tests.Stores;

public sealed class RetryingObjectStoreTests
{
    private readonly TestClock _clock = new();
    private readonly MemoryObjectStore _memory;
    private readonly FailingStore _failing;
    private readonly RetryingObjectStore _store;

    public RetryingObjectStoreTests()
    {
        _memory = new MemoryObjectStore("memory", _clock);
        _failing = new FailingStore(_memory);
        _store = new RetryingObjectStore(_failing, new RetryPolicy { AttemptsMax = 4 }, _clock, new Random(1));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ObjectStoreError.Unavailable, 4)]
    [InlineData(ObjectStoreError.Full, 4)]
    [InlineData(ObjectStoreError.Short, 2)]
    [InlineData(ObjectStoreError.Refused, 1)]
    [InlineData(ObjectStoreError.NotFound, 1)]
    public async Task Tries_as_often_as_the_failure_is_worth(ObjectStoreError error, int attempts)
    {
        _failing.Failures = 100;
        _failing.Error = error;
        var ex = await Assert.ThrowsAsync<ObjectStoreException>(() => DriveAsync(_store.GetAsync("k", 0, new byte[1], Ct).AsTask()));
        Assert.Equal((error, attempts), (ex.Error, _failing.Calls));
    }

    [Theory]
    [InlineData(ObjectStoreError.Unavailable, 50, 350)]
    [InlineData(ObjectStoreError.Full, 2_500, 35_000)]
    public async Task Waits_longer_each_time_and_longest_when_full(ObjectStoreError error, int millisecondsMin, int millisecondsMax)
    {
        await _memory.PutAsync("k", [new byte[1]], PutCondition.None, Ct);
        _failing.Failures = 2;
        _failing.Error = error;
        var before = _clock.GetUtcNow();
        await DriveAsync(_store.GetAsync("k", 0, new byte[1], Ct).AsTask());
        Assert.InRange((_clock.GetUtcNow() - before).TotalMilliseconds, millisecondsMin, millisecondsMax);
    }

    [Fact]
    public async Task A_put_that_failed_and_yet_took_effect_has_won()
    {
        _failing.Failures = 1;
        _failing.HasEffect = true;
        Assert.True(await DriveAsync(_store.PutAsync("k", [new byte[] { 1 }, new byte[] { 2 }], PutCondition.IfAbsent, Ct).AsTask()));
    }

    [Fact]
    public async Task A_put_that_failed_and_then_finds_somebody_elses_object_has_lost()
    {
        await _memory.PutAsync("k", [new byte[] { 9, 9 }], PutCondition.None, Ct);
        _failing.Failures = 1;
        Assert.False(await DriveAsync(_store.PutAsync("k", [new byte[] { 1 }, new byte[] { 2 }], PutCondition.IfAbsent, Ct).AsTask()));
    }

    [Fact]
    public async Task A_list_that_breaks_goes_on_where_it_was()
    {
        for (var i = 0; i < 5; i++)
            await _memory.PutAsync($"k{i}", [new byte[1]], PutCondition.None, Ct);
        _failing.ListBreaksAfter = 2;
        var keys = new List<string>();
        await DriveAsync(Task.Run(async () =>
        {
            await foreach (var item in _store.ListAsync("k", null, Ct))
                keys.Add(item.Key);
            return true;
        }, Ct));
        Assert.Equal(["k0", "k1", "k2", "k3", "k4"], keys);
    }

    private async Task DriveAsync(Task task) => await DriveAsync(Then(task));

    private static async Task<bool> Then(Task task)
    {
        await task;
        return true;
    }

    /// <summary>Moves the clock whenever the store sleeps.</summary>
    private async Task<T> DriveAsync<T>(Task<T> task)
    {
        while (!task.IsCompleted)
        {
            if (_clock.TimersWaiting > 0)
                _clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }

        return await task;
    }

    private sealed class FailingStore(IObjectStore inner) : IObjectStore
    {
        public int Failures { get; set; }
        public ObjectStoreError Error { get; set; } = ObjectStoreError.Unavailable;
        public bool HasEffect { get; set; }
        public int? ListBreaksAfter { get; set; }
        public int Calls { get; private set; }
        public string Name => inner.Name;

        public async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
        {
            if (HasEffect && Failures > 0)
                await inner.PutAsync(key, parts, condition, ct);
            Fail();
            return await inner.PutAsync(key, parts, condition, ct);
        }

        public ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct)
        {
            Fail();
            return inner.GetAsync(key, offset, destination, ct);
        }

        public ValueTask<long?> FindAsync(string key, CancellationToken ct)
        {
            Fail();
            return inner.FindAsync(key, ct);
        }

        public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken ct)
        {
            var shown = 0;
            await foreach (var item in inner.ListAsync(prefix, after, ct))
            {
                if (shown++ == ListBreaksAfter)
                    throw new ObjectStoreException(ObjectStoreError.Unavailable, "the list broke");
                yield return item;
            }
        }

        public ValueTask DeleteAsync(string key, CancellationToken ct)
        {
            Fail();
            return inner.DeleteAsync(key, ct);
        }

        private void Fail()
        {
            Calls++;
            if (Failures-- > 0)
                throw new ObjectStoreException(Error, "it failed");
        }
    }
}
