using System.Globalization;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Bench;

/// <summary>One write, 1,000 watchers: the time from calling commit until the last of them has the event. The log is in memory.</summary>
internal static class WatchFanout
{
    private const int WatcherCount = 1_000;
    private const int WarmUpRounds = 200;
    private const int Rounds = 1_000;

    public static async Task RunAsync()
    {
        await using var store = await ResourceStore.OpenAsync(new MemoryLog(), CancellationToken.None);
        var arrived = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new CancellationTokenSource();
        var watchers = Enumerable.Range(0, WatcherCount).Select(_ => Task.Run(async () =>
        {
            await foreach (var batch in store.WatchAsync(CoreKinds.ConfigMap.GroupResource, 0, stop.Token))
            {
                if (batch.Events.Count > 0 && Interlocked.Increment(ref arrived) == WatcherCount)
                    Volatile.Read(ref all).SetResult();
            }
        })).ToList();
        var time = TimeProvider.System;
        var durations = new List<double>();
        for (var round = 0; round < WarmUpRounds + Rounds; round++)
        {
            Volatile.Write(ref arrived, 0);
            Volatile.Write(ref all, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            var key = CoreKinds.ConfigMap.Key("default", "a");
            var json = """{"metadata":{"name":"a","namespace":"default"},"data":{"k":"v"}}"""u8.ToArray();
            var start = time.GetTimestamp();
            await store.CommitAsync([round == 0 ? Change.Create(key, json) : Change.Update(key, json, expectedRevision: null)], CancellationToken.None);
            await all.Task;
            if (round >= WarmUpRounds)
                durations.Add(time.GetElapsedTime(start).TotalMicroseconds);
        }

        await stop.CancelAsync();
        await Task.WhenAll(watchers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        durations.Sort();
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"one write to the last of {WatcherCount} watchers: median {durations[Rounds / 2]:F0} us, p99 {durations[Rounds * 99 / 100]:F0} us"));
    }
}
