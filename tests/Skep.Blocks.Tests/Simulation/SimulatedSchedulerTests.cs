using Skep.Blocks.Simulation;

namespace Skep.Blocks.Tests.Simulation;

public sealed class SimulatedSchedulerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Virtual_time_passes_at_once_and_timers_fire_in_order()
    {
        var world = new World();
        var order = new List<int>();
        world.RunInProcess(async () =>
        {
            var time = world.Process.Time;
            var start = time.GetTimestamp();
            await Task.WhenAll(new[] { 3, 1, 2 }.Select(async days =>
            {
                await Task.Delay(TimeSpan.FromDays(days), time, Ct);
                order.Add(days);
            }));
            Assert.Equal(TimeSpan.FromDays(3), time.GetElapsedTime(start));
            Assert.NotEqual(TimeSpan.TicksPerSecond, time.TimestampFrequency);
        });
        Assert.Equal([1, 2, 3], order);
    }

    [Fact]
    public void Periodic_timers_fire_until_disposed_of()
    {
        var world = new World();
        world.RunInProcess(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), world.Process.Time);
            for (var i = 0; i < 5; i++)
                Assert.True(await timer.WaitForNextTickAsync(Ct));
            Assert.Equal(5 * TimeSpan.TicksPerSecond, world.Scheduler.NowTicks);
        });
    }

    [Fact]
    public void One_seed_is_one_order_and_seeds_differ()
    {
        static (string Order, string Digest) Run(ulong seed)
        {
            var order = "";
            var world = new World(seed);
            world.RunInProcess(() => Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
            {
                await Task.Yield();
                order += i;
                await Task.Delay(TimeSpan.FromSeconds(1), world.Process.Time);
                order += i;
            })));
            return (order, world.Scheduler.Trace.Digest);
        }

        Assert.Equal(Run(1), Run(1));
        Assert.Equal(20, Enumerable.Range(1, 20).Select(seed => Run((ulong)seed)).Distinct().Count());
    }

    [Fact]
    public void Waiting_for_what_never_happens_is_a_deadlock()
    {
        var ex = Assert.Throws<SimulationException>(() => new World().Run(() => new TaskCompletionSource().Task));
        Assert.Equal(SimulationFailure.Deadlock, ex.Failure);
    }

    [Fact]
    public void Never_being_done_is_a_livelock()
    {
        var ex = Assert.Throws<SimulationException>(() => new World().Run(async () =>
        {
            while (true)
                await Task.Yield();
        }));
        Assert.Equal(SimulationFailure.Livelock, ex.Failure);
    }

    [Fact]
    public void Work_that_comes_back_on_another_thread_is_an_escape()
    {
        static async Task AwaitAsync(Task task) => await task;

        var world = new World();
        var ex = Assert.Throws<SimulationException>(() => world.RunInProcess(() =>
        {
            var source = new TaskCompletionSource();
            var waiting = AwaitAsync(source.Task);
            var thread = new Thread(source.SetResult);
            thread.Start();
            thread.Join();
            return waiting;
        }));
        Assert.Equal(SimulationFailure.Escape, ex.Failure);

        // A seam called from there says so itself, whatever the timing.
        Exception? seen = null;
        world = new World();
        ex = Assert.Throws<SimulationException>(() => world.Run(() =>
        {
            var thread = new Thread(() => seen = Record.Exception(() => world.Scheduler.CheckThread("read")));
            thread.Start();
            thread.Join();
            return new TaskCompletionSource().Task;
        }));
        Assert.Equal(SimulationFailure.Escape, Assert.IsType<SimulationException>(seen).Failure);
        Assert.Equal(SimulationFailure.Escape, ex.Failure);
    }

    [Fact]
    public void Nothing_of_a_killed_process_runs_again()
    {
        var world = new World();
        var ticks = 0;
        world.Run(async () =>
        {
            var run = world.Process.RunAsync(async () =>
            {
                while (true)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), world.Process.Time);
                    ticks++;
                }
            });
            await Task.Delay(TimeSpan.FromSeconds(10.5), world.Scheduler.Observer.Time, Ct);
            world.Process.Kill();
            await Assert.ThrowsAsync<ProcessKilledException>(() => run);
            await Assert.ThrowsAsync<ProcessKilledException>(() => world.Process.RunAsync(() => Task.CompletedTask));
            await Task.Delay(TimeSpan.FromSeconds(10), world.Scheduler.Observer.Time, Ct);
        });
        Assert.Equal(10, ticks);
    }

    [Fact]
    public void A_paused_process_runs_on_later()
    {
        var world = new World();
        world.Run(async () =>
        {
            var observer = world.Scheduler.Observer.Time;
            var run = world.Process.RunAsync(() => Task.Delay(TimeSpan.FromSeconds(1), world.Process.Time));
            world.Process.Pause();
            await Task.Delay(TimeSpan.FromMinutes(1), observer, Ct);
            Assert.False(run.IsCompleted);
            world.Process.Resume();
            await run;
            Assert.Equal(TimeSpan.FromSeconds(61), TimeSpan.FromTicks(world.Scheduler.NowTicks));
        });
    }

    [Fact]
    public void An_exception_that_nobody_catches_ends_the_run()
    {
        var world = new World();
        var ex = Assert.Throws<SimulationException>(() => world.Run(() =>
        {
            SynchronizationContext.Current!.Post(_ => throw new InvalidDataException("lost"), null);
            return new TaskCompletionSource().Task;
        }));
        Assert.Equal(SimulationFailure.Crash, ex.Failure);
        Assert.IsType<InvalidDataException>(ex.InnerException);
    }
}
