using Skep.Blocks.Files;
using Skep.Blocks.Keys;
using Skep.Blocks.Log;

namespace Skep.Blocks.Tests.Log;

/// <summary>A store, a disk and volumes small enough that every mechanism is at work after a few writes.</summary>
public sealed class VolumeWorld
{
    public const int SegmentBytes = 128 << 10;

    private readonly Random _random;

    public VolumeWorld(int seed = 1)
    {
        _random = new Random(seed);
        Services = new LogVolumeServices { TimeProvider = TimeProvider.System, Random = Fill, OnEvent = e => { lock (Events) Events.Add(e); } };
    }

    public MemoryStore Store { get; } = new();

    public MemoryDirectory Disk { get; set; } = new();

    public MemoryDirectory? CacheDisk { get; set; }

    public TestKeyRing Keys { get; } = new();

    public List<LogVolumeEvent> Events { get; } = [];

    public LogVolumeServices Services { get; set; }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public LogVolumeFormat Format { get; set; } = new() { SizeBytes = 8 << 20, ObjectBytes = 64 << 10 };

    public Task CreateAsync(string name = "vol") => LogVolume.CreateAsync(Store, name, Format, Keys, Services, Ct);

    public LogVolumeSettings Settings(string name = "vol", IBlockDirectory? disk = null) => new()
    {
        Store = Store,
        Name = name,
        LogDirectory = disk ?? Disk,
        CacheDirectory = CacheDisk,
        Keys = Keys,
        Services = Services,
        LogBytes = 32 * SegmentBytes,
        SegmentBytes = SegmentBytes,
        BatchAge = TimeSpan.FromHours(1),
        CacheBytes = 1 << 20,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        RetryDelayMax = TimeSpan.FromMilliseconds(2),
        CloseDrainTimeout = TimeSpan.FromSeconds(20),
        ThrottleDelayMax = TimeSpan.FromMilliseconds(2),
        CollectInterval = TimeSpan.FromHours(1),
        CheckpointRecords = 1000,
    };

    public Task<LogVolume> OpenAsync(string name = "vol", IBlockDirectory? disk = null) => LogVolume.OpenAsync(Settings(name, disk), Ct);

    /// <summary>Loses power: what was not synced is gone, and the process with it.</summary>
    public async Task CrashAsync(LogVolume volume, bool isLucky = false)
    {
        var after = Disk.Crash(isLucky);
        await volume.AbandonAsync();
        Disk = after;
    }

    public static byte[] Pattern(int seed, int length)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }

    public static async Task<byte[]> ReadAsync(IBlockDevice volume, long offset, int length)
    {
        byte[] data = new byte[length];
        await volume.ReadAsync(offset, data, Ct);
        return data;
    }

    private void Fill(Span<byte> destination)
    {
        lock (_random)
            _random.NextBytes(destination);
    }
}

/// <summary>Keys that are known by their id.</summary>
public sealed class TestKeyRing : IKeyRing
{
    public Dictionary<string, byte[]> Keys { get; } = new() { ["k1"] = VolumeWorld.Pattern(101, 32) };

    public string CurrentKeyId { get; set; } = "k1";

    public ReadOnlyMemory<byte>? Find(string keyId) => Keys.TryGetValue(keyId, out byte[]? key) ? key : default(ReadOnlyMemory<byte>?);
}
