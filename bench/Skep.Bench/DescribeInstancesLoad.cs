using System.Globalization;

namespace Skep.Bench;

/// <summary>
/// DescribeInstances in pages of 100 out of 1,000 instances: every client asks for one page after the other without a
/// pause. The same against moto_server, where that is installed. Clients and server share this machine's cores.
/// </summary>
internal static class DescribeInstancesLoad
{
    private const int InstanceCount = 1_000;
    private const int PageSize = 100;
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _measured = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(string parent, CancellationToken ct)
    {
        List<LoadResult> skep = [];
        using (var directory = new ScratchDirectory(parent))
        {
            await using var daemon = await DaemonProcess.StartAsync(directory.Combine("data"), ct, "--simulate");
            await using var connection = daemon.Connect();
            var image = await Fleet.FindImageAsync(connection, daemon.Requests, ct);
            // One a launch: moto's pages count launches.
            await Fleet.RunAsync(connection, daemon.Requests, image, InstanceCount, each: 1, ct);
            var pages = await Fleet.FindPagesAsync(connection, daemon.Requests, PageSize, ct);
            Console.Out.WriteLine($"bytes of a page: {(await connection.SendAsync(pages[0], ct)).Length}");
            foreach (var clients in (int[])[1, 32])
                skep.Add(await MeasureAsync("skep, TLS", pages, clients, daemon.Connect, () => daemon.CpuTime, ct));
            var (rss, anonymous) = daemon.ReadMemory();
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"skep's memory at the end: {rss:F0} MiB resident, {anonymous:F0} MiB of it anonymous"));
        }

        if (await MotoServer.StartAsync(ct) is not { } moto)
        {
            Console.Out.WriteLine("moto_server is not installed: no peer to compare with");
            return;
        }

        await using (moto)
        {
            await using var connection = moto.Connect();
            var image = await Fleet.FindImageAsync(connection, moto.Requests, ct);
            await Fleet.RunAsync(connection, moto.Requests, image, InstanceCount, each: 1, ct);
            var pages = await Fleet.FindPagesAsync(connection, moto.Requests, PageSize, ct);
            Console.Out.WriteLine($"bytes of a page of moto's: {(await connection.SendAsync(pages[0], ct)).Length}");
            foreach (var (clients, ours) in ((int[])[1, 32]).Zip(skep))
            {
                var theirs = await MeasureAsync("moto_server, no TLS", pages, clients, moto.Connect, () => moto.CpuTime, ct);
                Console.Out.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{clients} clients: skep has {ours.PerSecond / theirs.PerSecond:F1} times moto's throughput, {theirs.P50 / ours.P50:F1} times shorter median, {theirs.P99 / ours.P99:F1} times shorter p99"));
            }
        }
    }

    private static async Task<LoadResult> MeasureAsync(string what, List<byte[]> pages, int clients, Func<ApiConnection> connect, Func<TimeSpan> cpuTime, CancellationToken ct)
    {
        var time = TimeProvider.System;
        var begin = time.GetTimestamp();
        var cpuAtStart = TimeSpan.Zero;
        var ownCpuAtStart = TimeSpan.Zero;
        var latencies = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(
            async () =>
            {
                var own = new List<double>();
                await using var connection = connect();
                for (var n = client; time.GetElapsedTime(begin) < _warmUp + _measured; n++)
                {
                    var sent = time.GetTimestamp();
                    await connection.SendAsync(pages[n % pages.Count], ct);
                    if (time.GetElapsedTime(begin) > _warmUp)
                        own.Add(time.GetElapsedTime(sent).TotalMilliseconds);
                }

                return own;
            },
            ct)).Append(Task.Run(
            async () =>
            {
                await Task.Delay(_warmUp, time, ct);
                (cpuAtStart, ownCpuAtStart) = (cpuTime(), Environment.CpuUsage.TotalTime);
                return new List<double>();
            },
            ct)));
        var all = latencies.SelectMany(l => l).Order().ToList();
        var cpu = (cpuTime() - cpuAtStart).TotalMilliseconds / all.Count;
        var ownCpu = (Environment.CpuUsage.TotalTime - ownCpuAtStart).TotalMilliseconds / all.Count;
        var result = new LoadResult(all.Count / _measured.TotalSeconds, all[all.Count / 2], all[all.Count * 99 / 100]);
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}, {clients} clients: {result.PerSecond:F0} pages/s, p50 {result.P50:F2} ms, p99 {result.P99:F2} ms; CPU a page {cpu:F2} ms, the client's {ownCpu:F2} ms"));
        return result;
    }

    private sealed record LoadResult(double PerSecond, double P50, double P99);
}
