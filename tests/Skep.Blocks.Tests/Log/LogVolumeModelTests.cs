using Skep.Blocks.Log;

namespace Skep.Blocks.Tests.Log;

/// <summary>Random histories against a byte array: writes, trims, flushes, drains, crashes, snapshots, clones, collection.</summary>
public sealed class LogVolumeModelTests
{
    private const int SizeBytes = 1 << 20;
    private const int Sectors = SizeBytes / 512;

    private static CancellationToken Ct => VolumeWorld.Ct;

    public static TheoryData<int, bool, bool> Seeds()
    {
        var data = new TheoryData<int, bool, bool>();
        for (int seed = 1; seed <= 6; seed++)
            data.Add(seed, seed % 2 == 0, seed % 3 == 0);
        return data;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Agrees_with_a_byte_array(int seed, bool isEncrypted, bool isSlow)
    {
        var random = new Random(seed);
        var world = new VolumeWorld(seed) { CacheDisk = new MemoryDirectory() };
        world.Disk.IsSlow = isSlow;
        world.Format = new LogVolumeFormat
        {
            SizeBytes = SizeBytes,
            ObjectBytes = 64 << 10,
            IsEncrypted = isEncrypted,
            Compression = seed % 2 == 0 ? LogCompression.Zstd : LogCompression.None,
        };
        await world.CreateAsync();
        var volume = await OpenAsync(world);
        byte[] model = new byte[SizeBytes], flushed = [.. model];
        Dictionary<string, byte[]> snapshots = [];
        int snapshotNumber = 0;
        for (int step = 0; step < 600; step++)
        {
            int start = random.Next(Sectors), length = Math.Min(Sectors - start, random.Next(10) == 0 ? random.Next(1, 600) : random.Next(1, 20));
            switch (random.Next(100))
            {
                case < 50:
                    byte[] data = new byte[length * 512];
                    if (random.Next(2) == 0)
                        random.NextBytes(data);
                    else
                        data.AsSpan().Fill((byte)random.Next(256));
                    bool isDurable = random.Next(20) == 0;
                    await volume.WriteAsync(start * 512L, data, isDurable, Ct);
                    data.CopyTo(model, start * 512);
                    break;
                case < 60:
                    await volume.TrimAsync(start * 512L, length * 512L, isDurable: false, Ct);
                    model.AsSpan(start * 512, length * 512).Clear();
                    break;
                case < 65:
                    await volume.WriteZeroesAsync(start * 512L, length * 512L, ZeroOptions.KeepAllocated, Ct);
                    model.AsSpan(start * 512, length * 512).Clear();
                    break;
                case < 80:
                    Assert.Equal(model[(start * 512)..((start + length) * 512)], await VolumeWorld.ReadAsync(volume, start * 512L, length * 512));
                    break;
                case < 85:
                    await volume.FlushAsync(Ct);
                    flushed = [.. model];
                    break;
                case < 88:
                    await volume.DrainAsync(Ct);
                    break;
                case < 90:
                    await volume.CheckpointAsync(Ct);
                    break;
                case < 92:
                    await volume.CollectGarbageAsync(Ct);
                    break;
                case < 94:
                    string id = $"s{snapshotNumber++}";
                    await volume.SnapshotAsync(id, Ct);
                    snapshots[id] = [.. model];
                    break;
                case < 95 when snapshots.Count > 0:
                    string gone = snapshots.Keys.ElementAt(random.Next(snapshots.Count));
                    await volume.DeleteSnapshotAsync(gone, Ct);
                    snapshots.Remove(gone);
                    break;
                case < 97:
                    // A flush just before: what is not flushed may or may not survive, which another test looks at.
                    await volume.FlushAsync(Ct);
                    await world.CrashAsync(volume, isLucky: random.Next(2) == 0);
                    world.Disk.IsSlow = isSlow;
                    volume = await OpenAsync(world);
                    break;
                case < 98:
                    var report = await volume.CloseAsync(Ct);
                    Assert.Null(report.Failure);
                    world.Disk = new MemoryDirectory { IsSlow = isSlow };
                    volume = await OpenAsync(world);
                    break;
                default:
                    foreach (var (snapshot, content) in snapshots)
                        Assert.Equal(content, await VolumeWorld.ReadAsync(await volume.OpenSnapshotAsync(snapshot, Ct), 0, SizeBytes));
                    break;
            }
        }
        Assert.Equal(model, await VolumeWorld.ReadAsync(volume, 0, SizeBytes));
        await volume.CollectGarbageAsync(Ct);
        Assert.Equal(model, await VolumeWorld.ReadAsync(volume, 0, SizeBytes));
        Assert.Null((await volume.CloseAsync(Ct)).Failure);
        var verification = await LogVolumeInspector.VerifyAsync(world.Store, "vol", world.Keys, world.Services, progress: null, Ct);
        Assert.Empty(verification.Damages);
        foreach (var (snapshot, content) in snapshots)
            Assert.Equal(content, await VolumeWorld.ReadAsync(await LogVolumeInspector.OpenAsync(world.Store, "vol", snapshot, world.Keys, world.Services, Ct), 0, SizeBytes));
        Assert.Equal(model, await VolumeWorld.ReadAsync(await LogVolumeInspector.OpenAsync(world.Store, "vol", null, world.Keys, world.Services, Ct), 0, SizeBytes));
    }

    private static Task<LogVolume> OpenAsync(VolumeWorld world) =>
        LogVolume.OpenAsync(world.Settings() with { CheckpointRecords = 20, CollectBelowLive = 0.6, CollectBytesPerSecond = 1L << 40, ThrottleDelayMax = TimeSpan.Zero }, Ct);
}
