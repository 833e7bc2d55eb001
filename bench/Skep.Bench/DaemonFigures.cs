using System.Globalization;

namespace Skep.Bench;

/// <summary>What the published program costs: its file, its start, its memory when idle and with simulated instances.</summary>
internal static class DaemonFigures
{
    private const int Starts = 7;
    private const int InstanceCount = 1_000;
    private const int InstancesPerCall = 100;
    private static readonly TimeSpan _settleTime = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(string parent, CancellationToken ct)
    {
        Print(string.Create(CultureInfo.InvariantCulture, $"binary: {new FileInfo(DaemonProcess.Program).Length / 1e6:F1} MB"));
        using var directory = new ScratchDirectory(parent);
        await MeasureStartsAsync(directory, ct);
        await MeasureMemoryAsync(directory, ct);
    }

    private static async Task MeasureStartsAsync(ScratchDirectory directory, CancellationToken ct)
    {
        var first = new List<double>();
        var again = new List<double>();
        for (var i = 0; i < Starts; i++)
        {
            var data = directory.Combine($"start-{i}");
            await using (var daemon = await DaemonProcess.StartAsync(data, ct, "--simulate"))
                first.Add(daemon.StartTime.TotalMilliseconds);
            await using (var daemon = await DaemonProcess.StartAsync(data, ct, "--simulate"))
                again.Add(daemon.StartTime.TotalMilliseconds);
        }

        Print($"start to ready, median of {Starts}: {Median(again)}; the first start on a directory, which makes keys and certificates: {Median(first)}");
    }

    private static async Task MeasureMemoryAsync(ScratchDirectory directory, CancellationToken ct)
    {
        var data = directory.Combine("memory");
        await using (var daemon = await DaemonProcess.StartAsync(data, ct, "--simulate"))
        {
            await Task.Delay(_settleTime, TimeProvider.System, ct);
            PrintMemory("idle", daemon);
            await using var connection = daemon.Connect();
            var time = TimeProvider.System;
            var begin = time.GetTimestamp();
            var image = await Fleet.FindImageAsync(connection, daemon.Requests, ct);
            await Fleet.RunAsync(connection, daemon.Requests, image, InstanceCount, InstancesPerCall, ct);
            Print(string.Create(CultureInfo.InvariantCulture, $"{InstanceCount} simulated instances running after {time.GetElapsedTime(begin).TotalSeconds:F1} s"));
            await Task.Delay(_settleTime, time, ct);
            PrintMemory($"{InstanceCount} simulated instances", daemon);
            foreach (var page in await Fleet.FindPagesAsync(connection, daemon.Requests, InstancesPerCall, ct))
                await connection.SendAsync(page, ct);
            await Task.Delay(_settleTime, time, ct);
            PrintMemory("the same after listing them", daemon);
        }

        // A daemon that has just loaded the same state has not the garbage of making it.
        await using var restarted = await DaemonProcess.StartAsync(data, ct, "--simulate");
        Print(string.Create(CultureInfo.InvariantCulture, $"start to ready with {InstanceCount} instances: {restarted.StartTime.TotalMilliseconds:F0} ms"));
        await Task.Delay(_settleTime, TimeProvider.System, ct);
        PrintMemory($"{InstanceCount} simulated instances, after a restart", restarted);
    }

    private static void PrintMemory(string what, DaemonProcess daemon)
    {
        var (rss, anonymous) = daemon.ReadMemory();
        Print(string.Create(CultureInfo.InvariantCulture, $"memory, {what}: {rss:F1} MiB resident, {anonymous:F1} MiB of it anonymous"));
    }

    private static string Median(List<double> ms)
    {
        ms.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"{ms[ms.Count / 2]:F0} ms ({ms[0]:F0} to {ms[^1]:F0})");
    }

    private static void Print(string line) => Console.Out.WriteLine(line);
}
