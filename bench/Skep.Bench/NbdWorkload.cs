using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Skep.Bench;

/// <summary>A way to use a disk, as options of fio's NBD engine.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="IsInBytes">The figure is MiB/s, not requests a second.</param>
/// <param name="Options">fio's options.</param>
internal sealed record NbdWorkload(string Name, bool IsInBytes, params string[] Options)
{
    /// <summary>What is measured, in this order.</summary>
    public static IReadOnlyList<NbdWorkload> All { get; } =
    [
        new("4K random read, depth 1", false, "--rw=randread", "--bs=4k", "--iodepth=1"),
        new("4K random read, depth 32", false, "--rw=randread", "--bs=4k", "--iodepth=32"),
        new("4K random write, depth 1", false, "--rw=randwrite", "--bs=4k", "--iodepth=1"),
        new("4K random write, depth 32", false, "--rw=randwrite", "--bs=4k", "--iodepth=32"),
        new("4K mixed 70/30, depth 32", false, "--rw=randrw", "--rwmixread=70", "--bs=4k", "--iodepth=32"),
        new("1M sequential read, depth 4", true, "--rw=read", "--bs=1M", "--iodepth=4"),
        new("1M sequential write, depth 4", true, "--rw=write", "--bs=1M", "--iodepth=4"),
        new("1M sequential write, depth 4, fsync every 64", true, "--rw=write", "--bs=1M", "--iodepth=4", "--fsync=64"),
        new("4K random write, fsync after each", false, "--rw=randwrite", "--bs=4k", "--iodepth=1", "--fsync=1"),
        new("4K random write, depth 32, fsync every 32", false, "--rw=randwrite", "--bs=4k", "--iodepth=32", "--fsync=32"),
    ];

    /// <summary>Whether what it takes depends on what the server has near: such a run comes after one that reads everything.</summary>
    public bool Reads => Options.Any(o => o is "--rw=randread" or "--rw=read" or "--rw=randrw");

    /// <summary>Writes the whole disk, with data that does not compress.</summary>
    public static Task FillAsync(string socket, long sizeBytes, CancellationToken ct) =>
        FioAsync(socket, sizeBytes, ["--rw=write", "--bs=1M", "--iodepth=4", "--refill_buffers", "--end_fsync=1"], ct);

    /// <summary>Reads the whole disk once.</summary>
    public static Task ReadAllAsync(string socket, long sizeBytes, CancellationToken ct) =>
        FioAsync(socket, sizeBytes, ["--rw=read", "--bs=1M", "--iodepth=4"], ct);

    /// <summary>Runs fio against a socket.</summary>
    public async Task<NbdFigures> RunAsync(string socket, Process server, long sizeBytes, int seconds, CancellationToken ct)
    {
        server.Refresh();
        var before = server.TotalProcessorTime;
        var text = await FioAsync(socket, sizeBytes, ["--time_based", "--ramp_time=1", $"--runtime={seconds}", .. Options], ct);
        server.Refresh();
        // It may print sentences before the document.
        using var json = JsonDocument.Parse(text.AsMemory(text.IndexOf('{', StringComparison.Ordinal)));
        return NbdFigures.Read(json.RootElement.GetProperty("jobs")[0], server.TotalProcessorTime - before);
    }

    private static async Task<string> FioAsync(string socket, long sizeBytes, string[] options, CancellationToken ct)
    {
        string[] arguments =
        [
            "--name=bench", "--ioengine=nbd", $"--uri=nbd+unix:///?socket={socket}", "--output-format=json",
            string.Create(CultureInfo.InvariantCulture, $"--size={sizeBytes}"), .. options,
        ];
        using var fio = Process.Start(new ProcessStartInfo("fio", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = fio.StandardError.ReadToEndAsync(ct);
        var text = await fio.StandardOutput.ReadToEndAsync(ct);
        await fio.WaitForExitAsync(ct);
        if (fio.ExitCode != 0)
            throw new InvalidOperationException($"fio ended with {fio.ExitCode}: {await error}");
        return text;
    }
}

/// <summary>What came of one run.</summary>
/// <param name="Rate">Requests a second, flushes not counted.</param>
/// <param name="MibPerSecond">Data.</param>
/// <param name="P99Us">99th percentile of the time that a request takes, in microseconds; the worse of reads and writes.</param>
/// <param name="P999Us">The same of the 99.9th.</param>
/// <param name="CpuUs">The server's processor time a request, in microseconds; a few per cent too high, for it counts the ramp.</param>
internal sealed record NbdFigures(double Rate, double MibPerSecond, double P99Us, double P999Us, double CpuUs)
{
    public static NbdFigures Read(JsonElement job, TimeSpan cpu)
    {
        var (read, write) = (job.GetProperty("read"), job.GetProperty("write"));
        var runtimeS = Math.Max(Number(read, "runtime"), Number(write, "runtime")) / 1000;
        var rate = Number(read, "iops") + Number(write, "iops");
        return new NbdFigures(
            rate, (Number(read, "bw_bytes") + Number(write, "bw_bytes")) / (1 << 20),
            Math.Max(Percentile(read, "99.000000"), Percentile(write, "99.000000")), Math.Max(Percentile(read, "99.900000"), Percentile(write, "99.900000")),
            cpu.TotalMicroseconds / (rate * (runtimeS + 1)));
    }

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private static double Percentile(JsonElement direction, string name) =>
        direction.GetProperty("clat_ns").TryGetProperty("percentile", out var all) && all.TryGetProperty(name, out var value) ? value.GetDouble() / 1000 : 0;
}
