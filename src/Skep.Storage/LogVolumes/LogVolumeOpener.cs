using System.Security.Cryptography;
using Skep.Blocks.Files;
using Skep.Blocks.Keys;
using Skep.Blocks.Log;
using Skep.Blocks.Stores;
using Skep.Storage.Keys;
using Skep.Storage.Stores;

namespace Skep.Storage.LogVolumes;

/// <summary>Makes and opens log-structured volumes on real disks and stores.</summary>
public sealed class LogVolumeOpener(TimeProvider time, Action<LogVolumeEvent>? onEvent)
{
    private readonly LogVolumeServices _services = new() { TimeProvider = time, Random = RandomNumberGenerator.Fill, OnEvent = onEvent };

    /// <summary>Makes a volume in the store.</summary>
    /// <exception cref="Blocks.BlockDeviceException">It exists.</exception>
    /// <exception cref="ObjectStoreException">The store cannot be used.</exception>
    /// <exception cref="IOException">The key ring cannot be read.</exception>
    public async Task CreateAsync(LogVolumePlace place, LogVolumeFormat format, CancellationToken ct) =>
        await LogVolume.CreateAsync(OpenStore(place), place.Name, format, ReadKeys(place), _services, ct);

    /// <summary>Removes a volume from the store, whoever has it; one that is not there is no error.</summary>
    /// <exception cref="ObjectStoreException">The store cannot be used.</exception>
    public Task DeleteAsync(LogVolumePlace place, CancellationToken ct) => DeleteAsync(place, progress: null, ct);

    /// <summary>The same, told how many objects of the store are gone. It is an error when there is no such volume.</summary>
    /// <exception cref="LogFormatException">There is no such volume.</exception>
    /// <exception cref="Blocks.BlockDeviceException">Another volume is a clone of it.</exception>
    /// <exception cref="ObjectStoreException">The store cannot be used.</exception>
    public Task DeleteAsync(LogVolumePlace place, IProgress<int>? progress, CancellationToken ct) =>
        LogVolume.DeleteAsync(OpenStore(place), place.Name, _services, progress, ct);

    /// <summary>What the store has of a volume, without taking it from its writer.</summary>
    /// <exception cref="LogFormatException">There is no such volume, or what is there cannot be used.</exception>
    /// <exception cref="ObjectStoreException">The store cannot be used.</exception>
    public Task<LogVolumeInfo> DescribeAsync(LogVolumePlace place, CancellationToken ct) =>
        LogVolumeInspector.DescribeAsync(OpenStore(place), place.Name, _services, ct);

    /// <summary>Reads and checks every byte that the store has of a volume.</summary>
    /// <exception cref="LogFormatException">There is no such volume, or its log cannot be read.</exception>
    /// <exception cref="ObjectStoreException">The store cannot be used.</exception>
    /// <exception cref="IOException">The key ring cannot be read.</exception>
    public Task<LogVerification> VerifyAsync(LogVolumePlace place, IProgress<LogVerification>? progress, CancellationToken ct) =>
        LogVolumeInspector.VerifyAsync(OpenStore(place), place.Name, ReadKeys(place), _services, progress, ct);

    /// <summary>Opens a volume for reading and writing: takes it from whoever had it.</summary>
    /// <exception cref="LogFormatException">There is no such volume, or what is there cannot be used.</exception>
    /// <exception cref="ObjectStoreException">The store cannot be used.</exception>
    /// <exception cref="IOException">Its directory is in use, or the disk failed; or the key ring cannot be read.</exception>
    public async Task<LogVolume> OpenAsync(LogVolumePlace place, CancellationToken ct)
    {
        var log = await OpenDirectoryAsync(place.LogDirectory, ct);
        var cache = place.CacheBytes > 0 ? await OpenDirectoryAsync(place.CacheDirectory, ct) : null;
        return await LogVolume.OpenAsync(
            new LogVolumeSettings
            {
                Store = OpenStore(place),
                Name = place.Name,
                LogDirectory = log,
                CacheDirectory = cache,
                Keys = ReadKeys(place),
                Services = _services,
                LogBytes = place.LogBytes,
                CacheBytes = place.CacheBytes,
                ReadTimeout = place.StoreTimeout,
                LogFullTimeout = place.StoreTimeout,
                Replica = place.Replica,
            },
            ct);
    }

    /// <summary>The store of a volume; what fails is tried again.</summary>
    public IObjectStore OpenStore(LogVolumePlace place)
    {
        Span<byte> seed = stackalloc byte[sizeof(int)];
        RandomNumberGenerator.Fill(seed);
        return ObjectStores.Open(place.StoreUrl, credentials: null, time, new Random(BitConverter.ToInt32(seed)));
    }

    /// <summary>The keys of a volume; null when none are named.</summary>
    public static KeyRing? ReadKeys(LogVolumePlace place) => place.KeyRingPath is { } path ? KeyRingFile.Read(path) : null;

    private static async Task<LocalDirectory> OpenDirectoryAsync(string path, CancellationToken ct)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(path, Private);
        return await LocalDirectory.OpenAsync(path, ct);
    }
}
