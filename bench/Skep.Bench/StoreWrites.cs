using System.Diagnostics;
using System.Globalization;
using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Core.Store.Sqlite;

namespace Skep.Bench;

/// <summary>
/// Durable writes a second. "client" is the whole way of a write (read, rules of the kind, JSON, transaction, group
/// commit); "log" is the SQLite log alone, fed with ready batches; "sqlite3" is the peer, the ordinary program with the
/// same settings and statements; "disk" is a file that is appended to and synced.
/// </summary>
internal static class StoreWrites
{
    private const int ResourceCount = 1_000;
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _measured = TimeSpan.FromSeconds(8);

    public static async Task RunAsync(string parent)
    {
        foreach (var writers in (int[])[1, 64])
        {
            await InDirectoryAsync(parent, d => MeasureClientAsync(d, writers));
            await InDirectoryAsync(parent, d => MeasureLogAsync(d, writers));
            await InDirectoryAsync(parent, d => MeasurePeerAsync(d, writers));
            await InDirectoryAsync(parent, d => MeasureSyncAsync(d, writers));
        }
    }

    private static async Task MeasureClientAsync(string directory, int writers)
    {
        var kinds = new KindRegistry(CoreKinds.All);
        await using var store = await ResourceStore.OpenAsync(new SqliteLog(directory, kinds), CancellationToken.None);
        var client = new ResourceClient(store, kinds, TimeProvider.System, new RandomIdSource(null));
        await client.CreateAsync(CoreKinds.Namespace, new Namespace { Metadata = { Name = "default" } }, CancellationToken.None);
        for (var i = 0; i < ResourceCount; i++)
            await client.CreateAsync(CoreKinds.ConfigMap, ConfigMap(i), CancellationToken.None);
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var counts = new long[writers];
        var countsAtStart = 0L;
        var isOver = false;
        var cpuAtStart = TimeSpan.Zero;
        var allocatedAtStart = 0L;
        var tasks = Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            for (var n = 0; !Volatile.Read(ref isOver); n++)
            {
                var key = CoreKinds.ConfigMap.Key("default", $"c{((n * writers) + w) % ResourceCount}");
                await client.ModifyAsync(CoreKinds.ConfigMap, key, c => { c.Data!["n"] = n.ToString(CultureInfo.InvariantCulture) + "-" + w; return true; }, CancellationToken.None);
                counts[w]++;
            }
        })).ToList();
        await Task.Delay(_warmUp, time, CancellationToken.None);
        countsAtStart = counts.Sum();
        start = time.GetTimestamp();
        cpuAtStart = Environment.CpuUsage.TotalTime;
        allocatedAtStart = GC.GetTotalAllocatedBytes();
        await Task.Delay(_measured, time, CancellationToken.None);
        var count = counts.Sum() - countsAtStart;
        var elapsed = time.GetElapsedTime(start);
        var cpu = Environment.CpuUsage.TotalTime - cpuAtStart;
        var allocated = GC.GetTotalAllocatedBytes() - allocatedAtStart;
        Volatile.Write(ref isOver, true);
        await Task.WhenAll(tasks);
        Print($"client, {writers} writers", count / elapsed.TotalSeconds, $"writes/s ({cpu.TotalMicroseconds / count:F0} us CPU and {allocated / count} bytes allocated a write)");
    }

    private static async Task MeasureLogAsync(string directory, int batch)
    {
        await using var log = new SqliteLog(directory, new KindRegistry(CoreKinds.All));
        await log.OpenAsync(CancellationToken.None);
        var revision = 0L;
        var json = Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"x"},"data":{"p":"{{{new string('x', 400)}}}"}}""");
        var (count, elapsed) = await RepeatAsync(async () =>
        {
            var entries = new List<LogEntry>(batch);
            for (var i = 0; i < batch; i++)
            {
                revision++;
                entries.Add(new LogEntry(revision, ChangeType.Update, CoreKinds.ConfigMap.Key("default", $"c{revision % ResourceCount}"), json));
            }

            await log.AppendAsync(entries, CancellationToken.None);
        });
        Print($"log, batches of {batch}", count * batch / elapsed.TotalSeconds, "writes/s");
    }

    /// <summary>The sqlite3 program, which reads the same transactions from a script.</summary>
    private static async Task MeasurePeerAsync(string directory, int batch)
    {
        var transactions = 20_000 / batch;
        var revision = 0;
        var json = new string('x', 440);
        var script = Path.Combine(directory, "script.sql");
        await using (var text = new StreamWriter(script))
        {
            await text.WriteLineAsync(
                """
                PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
                CREATE TABLE log (revision INTEGER PRIMARY KEY, type INTEGER NOT NULL, key TEXT NOT NULL, document BLOB NOT NULL) STRICT;
                CREATE TABLE resources (key TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, document BLOB NOT NULL) STRICT, WITHOUT ROWID;
                """);
            for (var t = 0; t < transactions; t++)
            {
                await text.WriteLineAsync("BEGIN IMMEDIATE;");
                for (var i = 0; i < batch; i++)
                {
                    revision++;
                    var key = $"/configmaps/default/c{revision % ResourceCount}";
                    await text.WriteLineAsync($"INSERT INTO log VALUES ({revision}, 1, '{key}', CAST('{json}' AS BLOB));");
                    await text.WriteLineAsync($"INSERT INTO resources VALUES ('{key}', {revision}, CAST('{json}' AS BLOB)) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, document = excluded.document;");
                }

                await text.WriteLineAsync("COMMIT;");
            }
        }

        var start = new ProcessStartInfo("sqlite3", ["-bail", Path.Combine(directory, "peer.db"), $".read {script}"]) { RedirectStandardOutput = true };
        var time = TimeProvider.System;
        var begin = time.GetTimestamp();
        try
        {
            using var peer = Process.Start(start)!;
            await peer.StandardOutput.ReadToEndAsync();
            await peer.WaitForExitAsync();
            if (peer.ExitCode == 0)
                Print($"sqlite3, transactions of {batch}", revision / time.GetElapsedTime(begin).TotalSeconds, "writes/s");
            else
                Console.Out.WriteLine($"sqlite3 failed with exit code {peer.ExitCode}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Console.Out.WriteLine("sqlite3 is not installed: no peer to compare with");
        }
    }

    /// <summary>A file that is appended to and synced: what the disk allows at all.</summary>
    private static async Task MeasureSyncAsync(string directory, int batch)
    {
        using var file = File.OpenHandle(Path.Combine(directory, "plain"), FileMode.Create, FileAccess.Write);
        var bytes = new byte[batch * 2 * 4_096];
        var offset = 0L;
        var (count, elapsed) = await RepeatAsync(() =>
        {
            RandomAccess.Write(file, bytes, offset % (64 << 20));
            RandomAccess.FlushToDisk(file);
            offset += bytes.Length;
            return Task.CompletedTask;
        });
        Print($"disk, {bytes.Length / 1024} KiB and fsync", count / elapsed.TotalSeconds, "times/s");
    }

    private static async Task<(long Count, TimeSpan Elapsed)> RepeatAsync(Func<Task> action)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        while (time.GetElapsedTime(start) < _warmUp / 2)
            await action();
        start = time.GetTimestamp();
        var count = 0L;
        while (time.GetElapsedTime(start) < _measured / 2)
        {
            await action();
            count++;
        }

        return (count, time.GetElapsedTime(start));
    }

    private static ConfigMap ConfigMap(int i) => new()
    {
        Metadata = { Name = $"c{i}", Namespace = "default", Labels = new() { ["app"] = "bench" } },
        Data = new() { ["n"] = "0", ["padding"] = new string('x', 200) },
    };

    private static async Task InDirectoryAsync(string parent, Func<string, Task> run)
    {
        var directory = Directory.CreateDirectory(Path.Combine(parent, $"skep-bench-{Environment.ProcessId}")).FullName;
        try
        {
            await run(directory);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Print(string what, double figure, string unit) =>
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {figure:F0} {unit}"));
}
