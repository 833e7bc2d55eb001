using System.Runtime.CompilerServices;
using Skep.Blocks.Files;
using Skep.Blocks.Log;

namespace Skep.Blocks.Tests.Log;

/// <summary>
/// Every version of the format that was ever written opens for ever. Golden/vN has a store and the local logs of two
/// volumes; it is written once, by SKEP_UPDATE_GOLDEN=1 while it does not exist, and never changed.
/// </summary>
public sealed class LogGoldenTests
{
    private const int Object = 64 << 10;
    private static readonly string[] _volumes = ["plain", "secret"];

    private static CancellationToken Ct => VolumeWorld.Ct;

    public static TheoryData<string> Versions()
    {
        if (Environment.GetEnvironmentVariable("SKEP_UPDATE_GOLDEN") == "1")
            Directory.CreateDirectory(GoldenDirectory($"v{Envelope.Version}"));
        return [.. Directory.EnumerateDirectories(GoldenDirectory("")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Opens_with_all_that_it_held(string version)
    {
        string directory = GoldenDirectory(version);
        if (!Directory.EnumerateFileSystemEntries(directory).Any())
            await WriteAsync(directory);
        var world = new VolumeWorld();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(directory, "store"), "*", SearchOption.AllDirectories))
            world.Store.Objects[Path.GetRelativePath(Path.Combine(directory, "store"), file).Replace('\\', '/')] = await File.ReadAllBytesAsync(file, Ct);
        foreach (string name in _volumes)
        {
            world.Disk = await ReadDiskAsync(Path.Combine(directory, $"log-of-{name}"));
            await using var volume = await LogVolume.OpenAsync(Small(world, name), Ct);
            Assert.Equal(Expected(isFlushedPart: true), await VolumeWorld.ReadAsync(volume, 0, 4 * Object));
            Assert.Equal(Expected(isFlushedPart: false), await VolumeWorld.ReadAsync(await volume.OpenSnapshotAsync("s", Ct), 0, 4 * Object));
            await volume.CollectGarbageAsync(Ct);
            Assert.Empty((await LogVolumeInspector.VerifyAsync(world.Store, name, world.Keys, world.Services, null, Ct)).Damages);
        }
        await using var clone = await LogVolume.OpenAsync(Small(world, "clone") with { LogDirectory = new MemoryDirectory() }, Ct);
        Assert.Equal(Expected(isFlushedPart: false), await VolumeWorld.ReadAsync(clone, 0, 4 * Object));
    }

    [Fact]
    public void There_is_one_for_the_version_that_is_written() =>
        Assert.True(Directory.Exists(GoldenDirectory($"v{Envelope.Version}")), $"Golden/v{Envelope.Version} is missing: make it with SKEP_UPDATE_GOLDEN=1 and check it in");

    private static LogVolumeSettings Small(VolumeWorld world, string name) => world.Settings(name) with { SegmentBytes = 64 << 10, LogBytes = 1 << 20 };

    /// <summary>What the volumes hold; text, so that it compresses and the files are small.</summary>
    private static byte[] Expected(bool isFlushedPart)
    {
        byte[] content = new byte[4 * Object];
        for (int i = 0; i < content.Length; i++)
            content[i] = (byte)"The hive is full of honey. "[i / 512 * 5 % 27];
        content.AsSpan(Object, 8192).Clear();
        VolumeWorld.Pattern(5, 4096).CopyTo(content, 512);
        if (isFlushedPart)
        {
            VolumeWorld.Pattern(6, 4096).CopyTo(content, 3 * Object - 1024);
            content.AsSpan(1024, 512).Clear();
        }
        return content;
    }

    private static async Task WriteAsync(string directory)
    {
        var world = new VolumeWorld(seed: 42);
        foreach (string name in _volumes)
        {
            world.Disk = new MemoryDirectory();
            world.Format = new LogVolumeFormat { SizeBytes = 8 << 20, ObjectBytes = Object, Compression = LogCompression.Zstd, IsEncrypted = name == "secret" };
            await world.CreateAsync(name);
            var volume = await LogVolume.OpenAsync(Small(world, name), Ct);
            byte[] content = Expected(isFlushedPart: false);
            // Written twice, so that there is something to collect; trimmed, with a checkpoint in the middle.
            for (int round = 0; round < 2; round++)
                for (int at = 0; at < content.Length; at += 8192)
                    if (round == 0 || at % 16_384 == 0)
                        await volume.WriteAsync(at, content.AsMemory(at, 8192), isDurable: false, Ct);
            await volume.TrimAsync(Object, 8192, isDurable: false, Ct);
            await volume.CheckpointAsync(Ct);
            await volume.CollectGarbageAsync(Ct);
            await volume.WriteAsync(512, VolumeWorld.Pattern(5, 4096), isDurable: false, Ct);
            await volume.SnapshotAsync("s", Ct);
            if (name == "plain")
                await volume.CloneAsync("s", "clone", Ct);
            await volume.WriteAsync(3 * Object - 1024, VolumeWorld.Pattern(6, 4096), isDurable: false, Ct);
            await volume.WriteZeroesAsync(1024, 512, ZeroOptions.KeepAllocated, Ct);
            await volume.FlushAsync(Ct);
            await world.CrashAsync(volume);
            await WriteDiskAsync(Path.Combine(directory, $"log-of-{name}"), world.Disk);
        }
        foreach (var (key, content) in world.Store.Objects)
        {
            string path = Path.Combine(directory, "store", key);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, content, Ct);
        }
    }

    /// <summary>Zeroes at the end of segments and segments that were never used are left out: both are made again.</summary>
    private static async Task WriteDiskAsync(string directory, MemoryDirectory disk)
    {
        Directory.CreateDirectory(directory);
        foreach (string name in disk.Names)
        {
            byte[] content = disk.Content(name);
            int length = content.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
            if (length > 0)
                await File.WriteAllBytesAsync(Path.Combine(directory, name), content[..length], Ct);
        }
    }

    private static async Task<MemoryDirectory> ReadDiskAsync(string directory)
    {
        var disk = new MemoryDirectory();
        foreach (string path in Directory.EnumerateFiles(directory))
        {
            await using var file = await disk.OpenAsync(Path.GetFileName(path), BlockFileMode.CreateNew, Ct);
            await file.WriteAsync(0, await File.ReadAllBytesAsync(path, Ct), Ct);
            await file.SetLengthAsync(64 << 10, Ct);
        }
        return disk;
    }

    private static string GoldenDirectory(string version, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Golden", version);
}
