using Skep.Core.Reconcile;
using Skep.Core.Resources;

namespace Skep.Core.Tests.Reconcile;

public sealed class BackgroundJobsTests
{
    private static readonly ResourceKey _key = new(new GroupResource("skep.dev", "things"), "default", "a");

    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task A_job_that_is_wanted_goes_on_and_one_that_has_ended_is_taken_away()
    {
        await using var jobs = new BackgroundJobs();
        jobs.Begin(_key, "1", _ => _end.Task);
        await jobs.SettleAsync(_key, uid => uid == "1");
        Assert.True(jobs.Has(_key));
        Assert.Equal(["1"], jobs.Uids);
        _end.SetResult();
        while (jobs.Has(_key))
        {
            await Task.Yield();
            await jobs.SettleAsync(_key, uid => uid == "1");
        }

        Assert.Empty(jobs.Uids);
    }

    [Fact]
    public async Task A_job_that_is_not_wanted_is_cancelled_and_waited_for()
    {
        await using var jobs = new BackgroundJobs();
        var hasEnded = false;
        jobs.Begin(_key, "1", async cancel =>
        {
            await Task.WhenAny(Task.Delay(Timeout.Infinite, cancel));
            await Task.Yield();
            hasEnded = true;
        });
        // One of the same name has followed.
        await jobs.SettleAsync(_key, uid => uid == "2");
        Assert.True(hasEnded);
        Assert.False(jobs.Has(_key));
    }

    [Fact]
    public async Task The_end_cancels_all_jobs_and_waits_for_them()
    {
        var jobs = new BackgroundJobs();
        var ended = 0;
        foreach (var name in new[] { "a", "b" })
        {
            jobs.Begin(_key with { Name = name }, name, async cancel =>
            {
                await Task.WhenAny(Task.Delay(Timeout.Infinite, cancel));
                await Task.Yield();
                Interlocked.Increment(ref ended);
            });
        }

        await jobs.DisposeAsync();
        Assert.Equal(2, ended);
        Assert.True(jobs.Stopping.IsCancellationRequested);
        await jobs.DisposeAsync();
    }
}
