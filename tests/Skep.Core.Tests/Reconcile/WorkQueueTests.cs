using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Core.Tests.Reconcile;

public sealed class WorkQueueTests
{
    private static readonly ResourceKey _a = CoreKinds.ConfigMap.Key("default", "a");

    private readonly TestClock _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_added_while_it_is_worked_on_is_handed_out_again_afterwards()
    {
        using var queue = new WorkQueue(_clock);
        queue.Add(_a);
        queue.Add(_a);
        Assert.Equal(_a, await queue.TakeAsync(Ct));
        queue.Add(_a);
        var next = queue.TakeAsync(Ct);
        Assert.False(next.IsCompleted);
        queue.Done(_a);
        Assert.Equal(_a, await next);
        queue.Done(_a);
        Assert.False(queue.TakeAsync(Ct).IsCompleted);
    }

    [Fact]
    public async Task Of_several_pauses_the_one_that_ends_first_counts()
    {
        using var queue = new WorkQueue(_clock);
        queue.AddAfter(_a, TimeSpan.FromSeconds(10));
        queue.AddAfter(_a, TimeSpan.FromMinutes(10));
        queue.AddAfter(_a, TimeSpan.FromSeconds(5));
        Assert.Equal(1, _clock.TimersWaiting);
        _clock.Advance(TimeSpan.FromSeconds(4));
        var next = queue.TakeAsync(Ct);
        Assert.False(next.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(_a, await next);
        Assert.Equal(0, _clock.TimersWaiting);
    }

    [Fact]
    public void Failures_pause_longer_and_longer_up_to_a_minute_until_one_success()
    {
        using var queue = new WorkQueue(_clock);
        var pauses = Enumerable.Range(0, 13).Select(_ => queue.AddAfterFailure(_a)).ToList();
        Assert.Equal(TimeSpan.FromMilliseconds(50), pauses[0]);
        Assert.Equal(TimeSpan.FromMilliseconds(100), pauses[1]);
        Assert.Equal(TimeSpan.FromMinutes(1), pauses[^1]);
        queue.Succeeded(_a);
        Assert.Equal(TimeSpan.FromMilliseconds(50), queue.AddAfterFailure(_a));
    }

    [Fact]
    public void A_timer_that_fires_after_the_end_does_no_harm()
    {
        var queue = new WorkQueue(_clock);
        queue.AddAfter(_a, TimeSpan.FromSeconds(1));
        queue.Dispose();
        queue.AddAfter(_a, TimeSpan.FromSeconds(1));
        Assert.Equal(0, _clock.TimersWaiting);
        _clock.Advance(TimeSpan.FromSeconds(2));
    }
}
