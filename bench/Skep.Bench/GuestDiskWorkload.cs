using System.Globalization;
using System.Text.Json;

namespace Skep.Bench;

/// <summary>A way to use a disk, as options of fio.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="IsInBytes">The figure is MiB/s, not requests a second.</param>
/// <param name="Options">fio's options.</param>
internal sealed record GuestDiskWorkload(string Name, bool IsInBytes, params string[] Options)
{
    /// <summary>What is measured, in this order: reads first, of what was written in order.</summary>
    public static IReadOnlyList<GuestDiskWorkload> All { get; } =
    [
        new("4K random read, depth 1", false, "--rw=randread", "--bs=4k", "--iodepth=1"),
        new("4K random read, depth 32", false, "--rw=randread", "--bs=4k", "--iodepth=32"),
        new("1M sequential read, depth 4", true, "--rw=read", "--bs=1M", "--iodepth=4"),
        new("1M sequential write, depth 4", true, "--rw=write", "--bs=1M", "--iodepth=4"),
        new("4K random write, depth 1", false, "--rw=randwrite", "--bs=4k", "--iodepth=1"),
        new("4K random write, depth 32", false, "--rw=randwrite", "--bs=4k", "--iodepth=32"),
        // fdatasync is what a guest's flush becomes; fsync would also write a host file's new time each time.
        new("4K random write, fdatasync after each", false, "--rw=randwrite", "--bs=4k", "--iodepth=1", "--fdatasync=1"),
    ];

    /// <summary>Writes the whole disk, with data that does not compress.</summary>
    public static string[] FillOptions { get; } = ["--rw=write", "--bs=1M", "--iodepth=4", "--refill_buffers", "--end_fsync=1"];

    /// <summary>Reads the whole disk.</summary>
    public static string[] ReadAllOptions { get; } = ["--rw=read", "--bs=1M", "--iodepth=4"];

    /// <summary>The options of a run that takes so long.</summary>
    public string[] OptionsFor(int seconds) => ["--time_based", "--ramp_time=1", string.Create(CultureInfo.InvariantCulture, $"--runtime={seconds}"), .. Options];
}

/// <summary>What fio said of one run.</summary>
/// <param name="Rate">Requests a second, flushes not counted.</param>
/// <param name="MibPerSecond">Data.</param>
/// <param name="P999Us">99.9th percentile of the time that a request takes, in microseconds; the worst of reads, writes and flushes.</param>
internal sealed record GuestDiskFigures(double Rate, double MibPerSecond, double P999Us)
{
    /// <summary>Reads what fio printed as JSON.</summary>
    public static GuestDiskFigures Parse(string text)
    {
        // It may print sentences before the document.
        using var json = JsonDocument.Parse(text.AsMemory(text.IndexOf('{', StringComparison.Ordinal)));
        var job = json.RootElement.GetProperty("jobs")[0];
        var (read, write) = (job.GetProperty("read"), job.GetProperty("write"));
        return new GuestDiskFigures(
            Number(read, "iops") + Number(write, "iops"), (Number(read, "bw_bytes") + Number(write, "bw_bytes")) / (1 << 20),
            new[] { Percentile(read, "clat_ns"), Percentile(write, "clat_ns"), Percentile(job.GetProperty("sync"), "lat_ns") }.Max());
    }

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private static double Percentile(JsonElement direction, string latency) =>
        direction.TryGetProperty(latency, out var times) && times.TryGetProperty("percentile", out var all) && all.TryGetProperty("99.900000", out var value) ? value.GetDouble() / 1000 : 0;
}
