using System.Diagnostics;
using System.Globalization;

namespace Skep.Bench;

/// <summary>
/// Servers of one raw file over a Unix socket. Each workload is run on all of them in turn, several times over, so that
/// what else the machine does hits all alike; the run with the median rate counts. <c>SKEP_BENCH_NBD_SECONDS</c>,
/// <c>SKEP_BENCH_NBD_ROUNDS</c> and <c>SKEP_BENCH_NBD_MIB</c> change a run's time, their number and the disk's size;
/// <c>SKEP_BENCH_NBD_WORKLOADS</c> chooses those whose names contain it.
/// </summary>
internal static class NbdServers
{
    private const int SecondsDefault = 5;
    private const int RoundsDefault = 3;
    private const int MibDefault = 512;

    public static async Task<int> RunAsync(string parent, CancellationToken ct)
    {
        var seconds = Number("SKEP_BENCH_NBD_SECONDS", SecondsDefault);
        var sizeBytes = (long)Number("SKEP_BENCH_NBD_MIB", MibDefault) << 20;
        using var directory = new ScratchDirectory(parent);
        var disk = directory.Combine("disk.img");
        await FillAsync(disk, sizeBytes, ct);
        var contenders = NbdContender.All();
        var socket = directory.Combine("socket");
        foreach (var contender in contenders.Where(c => !c.SharesDisk))
            await WithServerAsync(contender, socket, disk, async _ => await NbdWorkload.FillAsync(socket, sizeBytes, ct), ct);
        Console.Out.WriteLine("| workload | server | rate | p99 | p99.9 | CPU a request | to qemu-nbd |");
        Console.Out.WriteLine("|---|---|---|---|---|---|---|");
        var rounds = Number("SKEP_BENCH_NBD_ROUNDS", RoundsDefault);
        var wanted = Environment.GetEnvironmentVariable("SKEP_BENCH_NBD_WORKLOADS") ?? "";
        foreach (var workload in NbdWorkload.All.Where(w => w.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase)))
        {
            var runs = contenders.ToDictionary(c => c.Name, _ => new List<NbdFigures>(), StringComparer.Ordinal);
            for (var round = 0; round < rounds; round++)
            {
                foreach (var contender in contenders)
                    runs[contender.Name].Add(await MeasureAsync(contender, workload, socket, disk, sizeBytes, seconds, ct));
            }

            var medians = runs.ToDictionary(r => r.Key, r => r.Value.OrderBy(f => f.Rate).ElementAt(r.Value.Count / 2), StringComparer.Ordinal);
            foreach (var (name, figures) in medians)
                Print(workload, name, figures, medians.GetValueOrDefault(NbdContender.Reference));
        }

        Console.Out.WriteLine($"load average at the end: {(await File.ReadAllTextAsync("/proc/loadavg", ct)).Split(' ')[0]}");
        return 0;
    }

    private static async Task<NbdFigures> MeasureAsync(
        NbdContender contender, NbdWorkload workload, string socket, string disk, long sizeBytes, int seconds, CancellationToken ct)
    {
        NbdFigures? figures = null;
        await WithServerAsync(contender, socket, disk, async server =>
        {
            if (workload.Reads)
                await NbdWorkload.ReadAllAsync(socket, sizeBytes, ct);
            figures = await workload.RunAsync(socket, server, sizeBytes, seconds, ct);
        }, ct);
        return figures!;
    }

    private static async Task WithServerAsync(NbdContender contender, string socket, string disk, Func<Process, Task> action, CancellationToken ct)
    {
        using var server = await contender.StartAsync(socket, disk, ct);
        try
        {
            await action(server);
            await contender.StopAsync(server);
        }
        finally
        {
            if (!server.HasExited)
                server.Kill();
        }
    }

    private static void Print(NbdWorkload workload, string contender, NbdFigures figures, NbdFigures? reference)
    {
        var rate = workload.IsInBytes ? string.Create(CultureInfo.InvariantCulture, $"{figures.MibPerSecond:N0} MiB/s") : string.Create(CultureInfo.InvariantCulture, $"{figures.Rate:N0}/s");
        var ratio = reference is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{figures.Rate / reference.Rate:F2}");
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {workload.Name} | {contender} | {rate} | {figures.P99Us:N0} us | {figures.P999Us:N0} us | {figures.CpuUs:F1} us | {ratio} |"));
    }

    /// <summary>A disk whose blocks are all written, and known to the page cache.</summary>
    private static async Task FillAsync(string path, long sizeBytes, CancellationToken ct)
    {
        await using var file = File.Create(path);
        var block = new byte[1 << 20];
        var random = new Random(1);
        for (var written = 0L; written < sizeBytes; written += block.Length)
        {
            random.NextBytes(block);
            await file.WriteAsync(block, ct);
        }

        file.Flush(flushToDisk: true);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
