using Skep.Blocks.SystemTests.Nbd;

namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>Bits flip and files are cut behind the server's back: it says in which file, and serves nothing of it.</summary>
public sealed class DamageTests
{
    private const int TimeoutMs = 180_000;
    private const long MiB = 1 << 20;
    private const long Size = 32 * MiB;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory(Timeout = TimeoutMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Damaged_objects_are_named_and_not_served(bool isEncrypted)
    {
        await using var fixture = new LogServeFixture { IsEncrypted = isEncrypted };
        var disk = await StoreAsync(fixture);
        var objects = Directory.GetFiles(Path.Combine(fixture.Store, LogServeFixture.Volume, "data")).Order(StringComparer.Ordinal).ToArray();
        Assert.InRange(objects.Length, 3, 100);
        FlipBit(objects[0], new FileInfo(objects[0]).Length / 2);
        Cut(objects[1], new FileInfo(objects[1]).Length / 2);
        FlipBit(objects[2], 100);

        await using var server = await fixture.ServeAsync(cacheSize: "64K");
        var device = await fixture.ConnectAsync();
        var content = new byte[64 << 10];
        int served = 0, refused = 0;
        for (long at = 0; at < Size; at += content.Length)
        {
            try
            {
                await device.ReadAsync(at, content, Ct);
                Assert.Null(disk.Check(content, (int)(at / StampedDisk.BlockBytes)));
                served++;
            }
            catch (BlockDeviceException)
            {
                refused++;
                // Not every block: each is tried several times, since an answer of a store may be cut short too.
                at += 2 * MiB;
            }
        }

        Assert.True(served > 0 && refused >= 3, $"{served} reads were served, {refused} refused");
        foreach (var damaged in objects[..3])
            Assert.Contains($"{LogServeFixture.Volume}/data/{Path.GetFileName(damaged)}", server.Errors, StringComparison.Ordinal);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_volume_with_a_damaged_manifest_is_not_opened()
    {
        await using var fixture = new LogServeFixture();
        var disk = await StoreAsync(fixture);
        var volume = Path.Combine(fixture.Store, LogServeFixture.Volume);
        var record = Directory.GetFiles(Path.Combine(volume, "log")).Max(StringComparer.Ordinal)!;
        foreach (var (file, damage) in new (string, Action<string>)[]
        {
            (record, path => FlipBit(path, 50)),
            (record, path => Cut(path, 60)),
            (record, path => Cut(path, 0)),
            (Path.Combine(volume, "volume"), path => FlipBit(path, 20)),
            (Path.Combine(volume, "volume"), path => Cut(path, 10)),
        })
            await RefusesAsync(fixture, file, Path.GetRelativePath(fixture.Store, file), damage);
        // It was that, and nothing else.
        await using var server = await fixture.ServeAsync();
        Assert.Null((await disk.CheckAllAsync(await fixture.ConnectAsync(), Ct)).Wrong);
    }

    [Theory(Timeout = TimeoutMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_log_that_lost_what_was_durable_is_not_opened(bool isEncrypted)
    {
        await using var fixture = new LogServeFixture { IsEncrypted = isEncrypted };
        await fixture.CreateAsync("32M");
        var disk = new StampedDisk(Size);
        await using (var server = await fixture.ServeAsync())
        {
            var device = await fixture.ConnectAsync();
            // Nothing leaves the log.
            Directory.Move(fixture.Store, fixture.Store + ".away");
            await new SequentialWrite(disk, device) { Requests = 1 }.RunAsync(4 * MiB, Ct);
            await device.FlushAsync(Ct);
            await new SequentialWrite(disk, device) { Requests = 1 }.RunAsync(4 * MiB, Ct);
            await server.KillAsync();
        }

        Directory.Move(fixture.Store + ".away", fixture.Store);
        var segment = UsedSegments(fixture).First();
        foreach (var damage in new Action<string>[]
        {
            path => FlipBit(path, RecordAt(0) + 10), // the first record's header
            path => FlipBit(path, RecordAt(0) + 4096 + 1000), // its data
            path => FlipBit(path, RecordAt(20) + 4096 + 7),
            path => Cut(path, RecordAt(20) + 30_000),
            path => Wipe(path, 4096), // its own header
        })
            await RefusesAsync(fixture, segment, Path.GetFileName(segment), damage);
        await using var again = await fixture.ServeAsync();
        Assert.Null((await disk.CheckAllAsync(await fixture.ConnectAsync(), Ct)).Wrong);
    }

    [Theory(Timeout = TimeoutMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_rots_in_the_log_of_a_running_server_is_not_served(bool isEncrypted)
    {
        await using var fixture = new LogServeFixture { IsEncrypted = isEncrypted };
        await fixture.CreateAsync("32M");
        var disk = new StampedDisk(Size);
        await using var server = await fixture.ServeAsync();
        var device = await fixture.ConnectAsync();
        Directory.Move(fixture.Store, fixture.Store + ".away");
        await new SequentialWrite(disk, device).RunAsync(8 * MiB, Ct);
        await device.FlushAsync(Ct);
        var segment = UsedSegments(fixture).First();
        FlipBit(segment, 4096 + 4096 + 1000);
        var refused = new List<long>();
        var content = new byte[StampedDisk.BlockBytes];
        const long Blocks = 8 * MiB / StampedDisk.BlockBytes;
        for (long block = 0; block < Blocks; block++)
        {
            try
            {
                await device.ReadAsync(block * content.Length, content, Ct);
                Assert.Null(disk.Check(content, (int)block));
            }
            catch (BlockDeviceException)
            {
                refused.Add(block);
            }
        }

        Assert.NotEmpty(refused);
        // The damaged block; and everything from the moment at which the upload met the damage, which stops the volume.
        var stoppedAt = Blocks - (refused.Count - 1);
        Assert.Equal([0, .. Enumerable.Range(0, refused.Count - 1).Select(i => stoppedAt + i)], refused);
    }

    [Theory(Timeout = TimeoutMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_rots_in_the_cache_is_fetched_again(bool isEncrypted)
    {
        await using var fixture = new LogServeFixture { IsEncrypted = isEncrypted };
        var disk = await StoreAsync(fixture);
        await using var server = await fixture.ServeAsync(cacheSize: "64M");
        var device = await fixture.ConnectAsync();
        var cache = Path.Combine(fixture.Local, "cache", "cache");
        foreach (var damage in new Action<string>[] { FlipAll, path => Cut(path, new FileInfo(path).Length / 2) })
        {
            Assert.Null((await disk.CheckAllAsync(device, Ct)).Wrong);
            Assert.InRange(new FileInfo(cache).Length, Size / 2, 2 * Size);
            damage(cache);
            Assert.Null((await disk.CheckAllAsync(device, Ct)).Wrong);
            await server.WaitForErrorAsync("read cache is not what was written");
        }
    }

    /// <summary>A volume whose content is all in the store.</summary>
    private static async Task<StampedDisk> StoreAsync(LogServeFixture fixture)
    {
        await fixture.CreateAsync("32M");
        var disk = new StampedDisk(Size);
        await using var server = await fixture.ServeAsync();
        await new SequentialWrite(disk, await fixture.ConnectAsync()).RunAsync(Size, Ct);
        Assert.Equal(0, (await server.StopAsync()).Code);
        return disk;
    }

    private static async Task RefusesAsync(LogServeFixture fixture, string file, string name, Action<string> damage)
    {
        var whole = await File.ReadAllBytesAsync(file, Ct);
        damage(file);
        var (code, output) = await fixture.TryServeAsync();
        Assert.True(code != 0 && output.Contains(name, StringComparison.Ordinal), $"{name}: {code}: {output}");
        await File.WriteAllBytesAsync(file, whole, Ct);
    }

    /// <summary>Where a record is in a segment, when each is one request with a header of 4 KiB.</summary>
    private static long RecordAt(int number) => 4096 + (number * (4096L + (SequentialWrite.RequestBlocks * StampedDisk.BlockBytes)));

    /// <summary>The segments that have a header, the one that was written to first at the head: spares are zeroes.</summary>
    private static IEnumerable<string> UsedSegments(LogServeFixture fixture) =>
        Directory.GetFiles(Path.Combine(fixture.Local, "log"), "segment-*").Where(HasHeader).OrderBy(File.GetLastWriteTimeUtc);

    private static bool HasHeader(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var header = new byte[4096];
        return RandomAccess.Read(file, header, 0) == header.Length && header.AsSpan().ContainsAnyExcept((byte)0);
    }

    private static void FlipBit(string path, long offset)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Span<byte> one = stackalloc byte[1];
        Assert.Equal(1, RandomAccess.Read(file, one, offset));
        one[0] ^= 0x10;
        RandomAccess.Write(file, one, offset);
    }

    private static void FlipAll(string path)
    {
        for (long at = 0, length = new FileInfo(path).Length; at < length; at += 1000)
            FlipBit(path, at);
    }

    private static void Wipe(string path, int bytes)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.Write(file, new byte[bytes], 0);
    }

    private static void Cut(string path, long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.SetLength(file, length);
    }
}
