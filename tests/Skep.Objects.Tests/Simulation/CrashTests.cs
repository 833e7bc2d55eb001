using System.Globalization;
using System.Security.Cryptography;
using Skep.Objects.Disk;
using Skep.Objects.Embedded;

namespace Skep.Objects.Tests.Simulation;

/// <summary>
/// Power is lost at some operation of the data disk, again and again; what was answered is there afterwards, what was not is
/// whole or absent, and nothing else is left. The database is on a real file system: SQLite's own promise of durability is
/// not tested here, but the order of its commits and the disk's operations is.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const string Bucket = "b";
    private const int InlineBytesMax = 100;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static int SeedCount => int.TryParse(Environment.GetEnvironmentVariable("SKEP_TEST_SEEDS"), CultureInfo.InvariantCulture, out var count) ? count : 150;

    [Fact]
    public async Task What_was_answered_survives_power_loss_and_nothing_else_is_left()
    {
        var first = Environment.GetEnvironmentVariable("SKEP_TEST_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Environment.ProcessId;
        output.WriteLine($"seeds {first} to {first + SeedCount - 1} (SKEP_TEST_SEED, SKEP_TEST_SEEDS)");
        var crashes = 0;
        for (var seed = first; seed < first + SeedCount; seed++)
            crashes += await RunAsync(seed);
        output.WriteLine($"{crashes} crashes");
        Assert.True(crashes > SeedCount / 2, $"only {crashes} crashes");
    }

    /// <summary>Small histories, and a crash at every operation of the disk in turn.</summary>
    [Theory]
    [InlineData("put")]
    [InlineData("replace")]
    [InlineData("delete")]
    [InlineData("copy delete")]
    [InlineData("upload")]
    [InlineData("replace copy delete")]
    [InlineData("upload upload delete")]
    public async Task Every_crash_point_of_a_small_history_is_survived(string history)
    {
        for (var crashAt = 1; ; crashAt++)
        {
            using var world = new World(seed: crashAt);
            await world.OpenAsync(crashAt: 0);
            await world.Backend.CreateBucketAsync(Bucket, "me", Ct);
            await world.PutAsync("k", 3_000, seed: 1);
            world.Disk.CrashAt = world.Disk.Operations + crashAt;
            var isOver = true;
            foreach (var step in history.Split(' '))
                isOver = isOver && await world.StepAsync(step, "k", crashAt);
            var hasCrashed = world.Disk.Operations >= world.Disk.CrashAt;
            await world.CrashAsync();
            await world.CheckAsync($"{history}, crash at {crashAt}");
            if (!hasCrashed)
                return; // the history was over before
            Assert.InRange(crashAt, 1, 1_000);
        }
    }

    [Fact]
    public async Task A_failing_disk_fails_one_write_and_leaves_nothing()
    {
        for (var failAt = 1; ; failAt++)
        {
            using var world = new World(seed: failAt);
            await world.OpenAsync(crashAt: 0);
            await world.Backend.CreateBucketAsync(Bucket, "me", Ct);
            await world.PutAsync("k", 3_000, seed: 1);
            world.Disk.Failure = failAt % 2 == 0 ? new IOException("input/output error", 5) : DiskErrors.Full("k");
            var operations = world.Disk.Operations;
            world.Disk.FailAt = operations + failAt;
            ObjectException? failure = null;
            try
            {
                await world.Backend.PutAsync(new PutRequest { Bucket = Bucket, Key = "n", Conditions = WriteConditions.IfAbsent }, new MemoryStream(World.Body(200_000, 2)), Ct);
            }
            catch (ObjectException ex)
            {
                failure = ex;
            }

            var hasFailed = world.Disk.Operations >= world.Disk.FailAt;
            Assert.Equal(hasFailed, failure is not null);
            if (failure is not null)
            {
                Assert.Equal(failAt % 2 == 0 ? ObjectError.Io : ObjectError.NoSpace, failure.Error);
                await Assert.ThrowsAsync<ObjectException>(() => world.Backend.HeadAsync(new ObjectAddress(Bucket, "n"), Ct).AsTask());
            }

            // The store goes on, and a retry succeeds.
            world.Disk.FailAt = 0;
            await world.PutAsync("n", 200_000, seed: 2);
            await world.CrashAsync();
            await world.CheckAsync($"failure at {failAt}");
            if (!hasFailed)
                return;
            Assert.InRange(failAt, 1, 1_000);
        }
    }

    private static async Task<int> RunAsync(int seed)
    {
        var random = new Random(seed);
        using var world = new World(seed);
        await world.OpenAsync(crashAt: 0);
        await world.Backend.CreateBucketAsync(Bucket, "me", Ct);
        var crashes = 0;
        for (var life = 0; life < 3; life++)
        {
            world.Disk.CrashAt = world.Disk.Operations + 1 + random.Next(60);
            var isAlive = true;
            for (var step = 0; step < 30 && isAlive; step++)
            {
                var key = $"k{random.Next(4)}";
                isAlive = await world.StepAsync(random.Next(6) switch { 0 => "delete", 1 => "copy", 2 => "upload", 3 => "small", _ => "put" }, key, random.Next());
            }

            crashes += isAlive ? 0 : 1;
            await world.CrashAsync();
            await world.CheckAsync($"seed {seed}, life {life}");
        }

        return crashes;
    }

    /// <summary>A store on a simulated disk, and what it may hold.</summary>
    private sealed class World(int seed) : IDisposable
    {
        private readonly TempDirectory _parent = new(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath());
        private readonly StoreModel _model = new();
        private int _lives;

        public SimulatedDisk Disk { get; private set; } = new(new Random(seed));

        public EmbeddedBackend Backend { get; private set; } = null!;

        private string StorePath => Path.Combine(_parent.Path, $"{_lives}");

        public static byte[] Body(int length, int seed)
        {
            var body = new byte[length];
            new Random(seed).NextBytes(body);
            return body;
        }

        public async Task OpenAsync(int crashAt)
        {
            Disk.CrashAt = crashAt;
            var options = new EmbeddedOptions { Directory = StorePath, InlineBytesMax = InlineBytesMax, ReserveBytes = 0, IsDurable = false, HasBackground = false };
            Backend = await EmbeddedBackend.OpenAsync(options, Disk, new ManualTime(), Ct);
        }

        public async Task PutAsync(string key, int length, int seed)
        {
            await Backend.PutAsync(new PutRequest { Bucket = Bucket, Key = key }, new MemoryStream(Body(length, seed)), Ct);
            _model.Answered(key, Digest(Body(length, seed)));
        }

        /// <summary>Does something; false when the power went.</summary>
        public async Task<bool> StepAsync(string step, string key, int seed)
        {
            var body = Body(step == "small" ? 50 : 2_000 + (seed % 3 * 70_000), seed);
            var copy = key + "-copy";
            var (target, expected) = step switch
            {
                "delete" => (key, null),
                "copy" => (copy, _model.Current(key)),
                "upload" => (key, Digest([.. body, .. body])),
                _ => (key, Digest(body)),
            };
            try
            {
                await DoAsync(step, key, copy, body);
                _model.Answered(target, expected);
                return true;
            }
            catch (ObjectException ex) when (step == "copy" && ex.Error == ObjectError.NoSuchKey)
            {
                return true;
            }
            catch (Exception ex) when (ex is CrashException or ObjectException { Error: ObjectError.Io } || ex.InnerException is CrashException)
            {
                _model.InDoubt(target, expected);
                return false;
            }
        }

        /// <summary>Loses power and starts again on copies of what a killed process leaves of the database.</summary>
        public async Task CrashAsync()
        {
            var old = StorePath;
            var survived = Disk.AfterCrash(new Random(seed + _lives));
            _lives++;
            Directory.CreateDirectory(StorePath);
            foreach (var file in (string[])[EmbeddedBackend.DatabaseFileName, EmbeddedBackend.DatabaseFileName + "-wal"])
                File.Copy(Path.Combine(old, file), Path.Combine(StorePath, file));
            await Backend.DisposeAsync();
            Directory.Delete(old, recursive: true);
            Disk = survived;
            await OpenAsync(crashAt: 0);
        }

        public async Task CheckAsync(string context)
        {
            await Backend.CollectOrphansAsync(Ct);
            var bytes = 0L;
            foreach (var key in _model.Keys)
            {
                string? found = null;
                try
                {
                    await using var reader = await Backend.OpenAsync(new ObjectAddress(Bucket, key), Ct);
                    using var all = new MemoryStream();
                    await reader.CopyToAsync(all, 0, reader.Version.LengthBytes, Ct);
                    Assert.Equal(reader.Version.LengthBytes, all.Length);
                    bytes += all.Length;
                    found = Digest(all.ToArray());
                }
                catch (ObjectException ex) when (ex.Error == ObjectError.NoSuchKey)
                {
                    // Absent is one of the possibilities.
                }

                _model.Check(key, found, context);
            }

            var listed = (await Backend.ListAsync(new ListRequest { Bucket = Bucket }, Ct)).Objects.Select(o => o.Key);
            Assert.Equal(_model.Present.Order(StringComparer.Ordinal), listed);
            var uploads = await Backend.ListUploadsAsync(new ListUploadsRequest { Bucket = Bucket }, Ct);
            foreach (var upload in uploads.Uploads)
                await Backend.AbortUploadAsync(new UploadAddress(Bucket, upload.Key, upload.UploadId), Ct);
            Assert.Equal(new BucketUsage(bytes, _model.Present.Count(), 0), (await Backend.HeadBucketAsync(Bucket, Ct)).Usage);
            var scrub = await Backend.ScrubAsync(long.MaxValue, d => Assert.Fail($"{context}: {d.Reason}"), Ct);
            Assert.Equal(0, scrub.Damaged);
            Assert.True(Disk.FileCount <= scrub.Contents, $"{context}: {Disk.FileCount} files for {scrub.Contents} contents");
        }

        public void Dispose()
        {
            // Its threads have nothing to do; the directory goes with it.
            Backend.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _parent.Dispose();
        }

        private async Task DoAsync(string step, string key, string copy, byte[] body)
        {
            switch (step)
            {
                case "delete":
                    await Backend.DeleteAsync(Bucket, new DeleteRequest { Key = key }, Ct);
                    break;
                case "copy":
                    await Backend.CopyAsync(new CopyRequest { Source = new ObjectAddress(Bucket, key), Bucket = Bucket, Key = copy, Metadata = s => s.Metadata }, Ct);
                    break;
                case "upload":
                    var upload = new UploadAddress(Bucket, key, (await Backend.CreateUploadAsync(new CreateUploadRequest { Bucket = Bucket, Key = key }, Ct)).UploadId);
                    var parts = new List<CompletedPart>();
                    for (var number = 1; number <= 2; number++)
                        parts.Add(new CompletedPart(number, (await Backend.UploadPartAsync(upload, number, BodyClaims.None, new MemoryStream(body), Ct)).ETag));
                    await Backend.CompleteUploadAsync(new CompleteUploadRequest { Upload = upload, Parts = parts }, Ct);
                    break;
                default:
                    await Backend.PutAsync(new PutRequest { Bucket = Bucket, Key = key }, new MemoryStream(body), Ct);
                    break;
            }
        }

        private static string Digest(byte[] body) => Convert.ToHexStringLower(MD5.HashData(body));
    }
}
