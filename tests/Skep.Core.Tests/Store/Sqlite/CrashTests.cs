using System.Diagnostics;
using System.Globalization;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Core.Store.Sqlite;

namespace Skep.Core.Tests.Store.Sqlite;

/// <summary>kill -9 in the middle of a write storm: no acknowledged write is lost, no transaction is torn.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Rounds = 25;
    private const int AcknowledgedMax = 400;
    private const int WriterCount = 64;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_again_and_again_the_store_keeps_every_acknowledged_write()
    {
        var seed = Environment.GetEnvironmentVariable("SKEP_TEST_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Environment.ProcessId;
        output.WriteLine($"seed {seed} (set SKEP_TEST_SEED to repeat it)");
        using var directory = new TempDirectory();
        var random = new Random(seed);
        var newest = 0L; // acknowledged revision
        var verified = 0L; // revision up to which the log was compared
        var numbers = new long[WriterCount]; // acknowledged number of each writer
        for (var round = 0; round < Rounds; round++)
        {
            var acknowledged = await StormAsync(directory, seed + round, killAfter: random.Next(AcknowledgedMax));
            foreach (var (revision, writer, number) in acknowledged)
            {
                newest = Math.Max(newest, revision);
                numbers[writer] = Math.Max(numbers[writer], number);
            }

            verified = newest = await VerifyAsync(directory, verified, newest, numbers);
        }

        output.WriteLine($"revision {newest} after {Rounds} kills");
        Assert.True(newest > Rounds);
    }

    /// <summary>Runs the storm until it has acknowledged some writes, kills it, and returns all that it acknowledged.</summary>
    private static async Task<List<(long Revision, int Writer, long Number)>> StormAsync(TempDirectory directory, int seed, int killAfter)
    {
        var program = RepositoryRoot.PathOf(Path.Combine("tests/Skep.Core.WriteStorm", AppContext.BaseDirectory[AppContext.BaseDirectory.LastIndexOf("/bin/", StringComparison.Ordinal)..].TrimStart('/'), "Skep.Core.WriteStorm"));
        var start = new ProcessStartInfo(program, [directory.Path, seed.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var acknowledged = new List<(long, int, long)>();
        try
        {
            var errors = process.StandardError.ReadToEndAsync(Ct);
            if (await process.StandardOutput.ReadLineAsync(Ct) != "ready")
                Assert.Fail($"the storm did not start: {await errors}");
            var isKilled = false;
            while (await process.StandardOutput.ReadLineAsync(Ct) is { } line)
            {
                if (line.Split(' ') is not [var revision, var writer, var number])
                    break; // the kill cut the last line
                acknowledged.Add((long.Parse(revision, CultureInfo.InvariantCulture), int.Parse(writer, CultureInfo.InvariantCulture), long.Parse(number, CultureInfo.InvariantCulture)));
                if (!isKilled && acknowledged.Count > killAfter)
                {
                    process.Kill(); // SIGKILL
                    isKilled = true;
                }
            }

            Assert.True(isKilled, "the storm ended by itself");
            Assert.Equal("", await errors);
            return acknowledged;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<long> VerifyAsync(TempDirectory directory, long verified, long newest, long[] numbers)
    {
        await using var log = LogData.Log(directory);
        var state = await log.OpenAsync(Ct);
        Assert.Equal("ok", log.Writer.QueryText("PRAGMA integrity_check"));
        Assert.True(state.Revision >= newest, $"revision {newest} was acknowledged, the log ends at {state.Revision}");
        var resources = state.Resources.ToDictionary(r => (r.Key.GroupResource, r.Key.Name));
        for (var writer = 0; writer < WriterCount; writer++)
        {
            var a = resources.GetValueOrDefault((CoreKinds.ConfigMap.GroupResource, $"a{writer}"))?.Metadata.Generation ?? 0;
            var b = resources.GetValueOrDefault((CoreKinds.ConfigMap.GroupResource, $"b{writer}"))?.Metadata.Generation ?? 0;
            var c = resources.GetValueOrDefault((CoreKinds.Secret.GroupResource, $"c{writer}"))?.Metadata.Generation ?? 0;
            Assert.True(a == b && b == c, $"writer {writer}'s transaction is torn: {a}, {b}, {c}");
            Assert.True(a >= numbers[writer], $"writer {writer} was told that {numbers[writer]} is durable, the state has {a}");
        }

        await VerifyLogAsync(log, state, verified);
        return state.Revision;
    }

    /// <summary>The log has every revision once, and its last entry of a resource is the resource.</summary>
    private static async Task VerifyLogAsync(SqliteLog log, LogState state, long verified)
    {
        var last = new Dictionary<ResourceKey, long>();
        var position = verified;
        while (await log.ReadAsync(position, 1_000, Ct) is { Count: > 0 } entries)
        {
            foreach (var entry in entries)
            {
                Assert.Equal(++position, entry.Revision);
                last[entry.Key] = entry.Revision;
            }
        }

        Assert.Equal(state.Revision, position);
        Assert.All(state.Resources, r => Assert.True(r.Revision <= verified || last[r.Key] == r.Revision));
    }
}
