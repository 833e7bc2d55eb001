using System.Globalization;
using System.Text;

namespace Skep.Bench;

/// <summary>One write through the resource API, 1,000 watches of its kind, each a TLS connection: from sending the write until the last has the event.</summary>
internal static class WatchFanoutHttp
{
    private const int WatcherCount = 1_000;
    private const int ConnectsAtOnce = 16;
    private const int WarmUpRounds = 20;
    private const int Rounds = 100;
    private const string Path = "/api/v1/namespaces/default/configmaps";

    public static async Task RunAsync(string parent, CancellationToken ct)
    {
        using var directory = new ScratchDirectory(parent);
        await using var daemon = await DaemonProcess.StartAsync(directory.Combine("data"), ct, "--simulate");
        await using var writer = daemon.Connect();
        await writer.OpenAsync(daemon.ResourceRequest("POST", Path, "application/json", """{"metadata":{"name":"a"},"data":{"round":"none"}}"""u8.ToArray()), ct, "HTTP/1.1 201");
        await writer.DisposeAsync();
        var before = daemon.ReadMemory();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var arrivals = new Arrivals();
        var request = daemon.ResourceRequest("GET", Path + "?watch=true", "application/json", []);
        var connections = Enumerable.Range(0, WatcherCount).Select(_ => daemon.Connect()).ToList();
        var streams = new Stream[WatcherCount];
        await Parallel.ForAsync(0, WatcherCount, new ParallelOptions { MaxDegreeOfParallelism = ConnectsAtOnce, CancellationToken = ct }, async (i, token) =>
            streams[i] = await connections[i].OpenAsync(request, token));
        var readers = streams.Select(s => Task.Run(() => ReadAsync(s, arrivals, stop.Token), stop.Token)).ToList();
        var durations = new List<double>();
        for (var round = 0; round < WarmUpRounds + Rounds; round++)
        {
            var mark = string.Create(CultureInfo.InvariantCulture, $"\"round-{round}-\"");
            var all = arrivals.Expect(mark, WatcherCount);
            var patch = daemon.ResourceRequest("PATCH", Path + "/a", "application/merge-patch+json", Encoding.UTF8.GetBytes($$$"""{"data":{"round":{{{mark}}}}}"""));
            var time = TimeProvider.System;
            var begin = time.GetTimestamp();
            await writer.OpenAsync(patch, ct, "HTTP/1.1 200");
            await all;
            if (round >= WarmUpRounds)
                durations.Add(time.GetElapsedTime(begin).TotalMilliseconds);
            await writer.DisposeAsync();
        }

        var after = daemon.ReadMemory();
        await stop.CancelAsync();
        await Task.WhenAll(readers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var connection in connections)
            await connection.DisposeAsync();
        durations.Sort();
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"one write to the last of {WatcherCount} watches over TLS: median {durations[Rounds / 2]:F0} ms, p99 {durations[Rounds * 99 / 100]:F0} ms (a new connection for the write included); memory a watch {(after.Rss - before.Rss) * 1024 / WatcherCount:F0} KiB"));
    }

    private static async Task ReadAsync(Stream stream, Arrivals arrivals, CancellationToken ct)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: 1_024);
        while (await reader.ReadLineAsync(ct) is { } line)
            arrivals.See(line);
    }

    /// <summary>Counts who has seen the round's event.</summary>
    private sealed class Arrivals
    {
        private volatile Round _round = new("\"none yet\"", 1);

        public Task Expect(string mark, int count)
        {
            var round = new Round(mark, count);
            _round = round;
            return round.All.Task;
        }

        public void See(string line)
        {
            var round = _round;
            if (line.Contains(round.Mark, StringComparison.Ordinal) && Interlocked.Decrement(ref round.Missing) == 0)
                round.All.SetResult();
        }

        private sealed class Round(string mark, int missing)
        {
            public int Missing = missing;

            public string Mark { get; } = mark;

            public TaskCompletionSource All { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
