using System.Diagnostics;
using System.Globalization;
using Skep.Objects.Embedded;

namespace Skep.Objects.Tests.Embedded;

/// <summary>kill -9 in the middle of a storm: no acknowledged operation is lost, no object is torn, nothing is left over.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Rounds = 10;
    private const int AcknowledgedMax = 300;
    private const string Bucket = "storm";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_again_and_again_the_store_keeps_every_acknowledged_operation()
    {
        var seed = Environment.GetEnvironmentVariable("SKEP_TEST_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Environment.ProcessId % 1_000;
        output.WriteLine($"seed {seed} (set SKEP_TEST_SEED to repeat it)");
        using var directory = new TempDirectory();
        var random = new Random(seed);
        var allowed = new Dictionary<string, List<Operation>>(StringComparer.Ordinal);
        for (var round = 0; round < Rounds; round++)
        {
            await StormAsync(directory.Path, seed + round, random.Next(AcknowledgedMax), allowed);
            await VerifyAsync(directory.Path, allowed);
        }

        Assert.NotEmpty(allowed);
    }

    /// <summary>Runs the storm until it has acknowledged some operations and kills it.</summary>
    private static async Task StormAsync(string directory, int seed, int killAfter, Dictionary<string, List<Operation>> allowed)
    {
        var output = AppContext.BaseDirectory[AppContext.BaseDirectory.LastIndexOf("/bin/", StringComparison.Ordinal)..];
        var tests = AppContext.BaseDirectory[..AppContext.BaseDirectory.LastIndexOf("/Skep.Objects.Tests/", StringComparison.Ordinal)];
        var program = $"{tests}/Skep.Objects.WriteStorm{output}Skep.Objects.WriteStorm";
        var start = new ProcessStartInfo(program, [directory, seed.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(Ct);
            if (await process.StandardOutput.ReadLineAsync(Ct) != "ready")
                Assert.Fail($"the storm did not start: {await errors}");
            var acknowledged = 0;
            while (await process.StandardOutput.ReadLineAsync(Ct) is { } line)
            {
                if (Take(line, allowed))
                    acknowledged++;
                if (acknowledged > killAfter && !process.HasExited)
                    process.Kill(); // SIGKILL
            }

            Assert.Equal("", await errors);
            Assert.True(acknowledged > killAfter, "the storm ended by itself");
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>Notes what a line says; true for an acknowledged operation.</summary>
    private static bool Take(string line, Dictionary<string, List<Operation>> allowed)
    {
        if (line.Split(' ') is not [var writer, var number, var length, .. var rest])
            return false; // the kill cut the last line
        var operation = new Operation(int.Parse(number, CultureInfo.InvariantCulture), int.Parse(length, CultureInfo.InvariantCulture));
        var key = "k" + writer;
        if (rest.Length > 0)
        {
            if (!allowed.TryGetValue(key, out var before))
                allowed.Add(key, before = [new Operation(0, -1)]);
            before.Add(operation);
            return false;
        }

        allowed[key] = [operation, new Operation(0, -1) { IsUnannounced = true }]; // a deletion is not announced
        return true;
    }

    private static async Task VerifyAsync(string directory, Dictionary<string, List<Operation>> allowed)
    {
        await using var store = await EmbeddedBackend.OpenAsync(new EmbeddedOptions { Directory = directory, ReserveBytes = 0 }, TimeProvider.System, Ct);
        await store.CollectOrphansAsync(Ct);
        foreach (var (key, operations) in allowed)
        {
            byte[]? found = null;
            try
            {
                await using var reader = await store.OpenAsync(new ObjectAddress(Bucket, key), Ct);
                using var all = new MemoryStream();
                await reader.CopyToAsync(all, 0, reader.Version.LengthBytes, Ct);
                found = all.ToArray();
            }
            catch (ObjectException ex) when (ex.Error == ObjectError.NoSuchKey)
            {
                // Deleted.
            }

            Assert.True(operations.Exists(o => o.Matches(found)), $"{key} has {found?.Length.ToString(CultureInfo.InvariantCulture) ?? "no"} bytes, which none of {string.Join(", ", operations)} stored");
        }

        var uploads = await store.ListUploadsAsync(new ListUploadsRequest { Bucket = Bucket }, Ct);
        foreach (var upload in uploads.Uploads)
            await store.AbortUploadAsync(new UploadAddress(Bucket, upload.Key, upload.UploadId), Ct);
        var scrub = await store.ScrubAsync(long.MaxValue, d => Assert.Fail(d.Reason), Ct);
        Assert.Equal(0, scrub.Damaged);
        var info = await store.HeadBucketAsync(Bucket, Ct);
        var listed = (await store.ListAsync(new ListRequest { Bucket = Bucket }, Ct)).Objects;
        Assert.Equal(new BucketUsage(listed.Sum(o => o.LengthBytes), listed.Count, 0), info.Usage);
    }

    /// <summary>An operation of the storm; length -1 deletes.</summary>
    private sealed record Operation(int Number, int Length)
    {
        public bool IsUnannounced { get; init; }

        public bool Matches(byte[]? found)
        {
            if (Length < 0 || found is null)
                return Length < 0 && found is null;
            var body = new byte[Length];
            new Random(Number).NextBytes(body);
            return body.AsSpan().SequenceEqual(found);
        }
    }
}
