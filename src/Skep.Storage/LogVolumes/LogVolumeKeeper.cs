using System.Net.Sockets;
using Skep.Blocks;
using Skep.Blocks.Chunks;
using Skep.Blocks.Log;
using Skep.Blocks.Nbd;
using Skep.Blocks.Stores;
using Skep.Linux;
using Skep.Storage.Keys;
using Skep.Storage.Servers;
using Skep.Storage.Volumes;

namespace Skep.Storage.LogVolumes;

/// <summary>
/// What a node does for a log-structured volume: makes it, serves it while a machine uses it, grows and removes it. Every
/// step can be repeated. Its server is the only one that opens it; it grows by asking the server.
/// </summary>
internal sealed partial class LogVolumeKeeper(BlockServers servers, CommandRunner runner, TimeProvider time)
{
    private const int GiBShift = 30;

    /// <summary>Copying an image of some GiB to a slow store takes a while; it is not tried for ever.</summary>
    private static readonly TimeSpan _copyTimeout = TimeSpan.FromHours(6);

    private readonly LogVolumeOpener _opener = new(time, onEvent: null);

    /// <summary>The Unix socket on which the volume is served.</summary>
    public string SocketOf(string volumeId) => servers.SocketOf(volumeId);

    /// <summary>Makes the volume, empty or with an image's content. One that was being made when the daemon ended is finished.</summary>
    /// <exception cref="VolumeException">It cannot be made.</exception>
    public Task MakeAsync(LogVolumePlace place, long sizeGib, bool isCompressed, string? imagePath, CancellationToken ct) => TranslateAsync(async () =>
    {
        if (place.KeyRingPath is { } ring)
            _ = KeyRingFile.ReadOrCreate(ring, time);
        try
        {
            var format = new LogVolumeFormat
            {
                SizeBytes = sizeGib << GiBShift,
                IsEncrypted = place.KeyRingPath is not null,
                Compression = isCompressed ? LogCompression.Zstd : LogCompression.None,
            };
            await _opener.CreateAsync(place, format, ct);
        }
        catch (BlockDeviceException ex) when (ex.Error == BlockError.NotSupported)
        {
            // An earlier daemon made it: volumes' ids are never used twice.
        }

        if (imagePath is not null)
            await CopyImageAsync(place, imagePath, ct);
    });

    /// <summary>Gives a new volume a snapshot's content. What an earlier daemon had copied is copied again.</summary>
    /// <exception cref="VolumeException">It cannot be copied.</exception>
    public Task FillAsync(LogVolumePlace place, SnapshotReader snapshot, CancellationToken ct) => TranslateAsync(async () =>
    {
        await servers.EnsureAsync(place.Name, Arguments(place), ct);
        await using var client = await ConnectAsync(place, ct);
        var block = new byte[ChunkStore.BlockBytes];
        foreach (var index in snapshot.ListBlocks(0))
        {
            var offset = index * ChunkStore.BlockBytes;
            var part = block.AsMemory(0, (int)Math.Min(block.Length, snapshot.SizeBytes - offset));
            await snapshot.ReadAsync(offset, part, ct);
            await client.WriteAsync(offset, part, isDurable: false, ct);
        }

        await client.FlushAsync(ct);
    });

    /// <summary>Serves the volume, if that is not done already.</summary>
    /// <exception cref="VolumeException">It cannot be served.</exception>
    public Task ServeAsync(LogVolumePlace place, CancellationToken ct) => TranslateAsync(() => servers.EnsureAsync(place.Name, Arguments(place), ct));

    /// <summary>Ends the serving; what was written is in the store or in the log.</summary>
    public Task StopAsync(string volumeId, CancellationToken ct) => servers.StopAsync(volumeId, ct);

    /// <summary>Grows the volume. A machine that has it open sees the new size when it connects again.</summary>
    /// <exception cref="VolumeException">It cannot be grown.</exception>
    public Task GrowAsync(LogVolumePlace place, long sizeGib, CancellationToken ct) => TranslateAsync(async () =>
    {
        await servers.EnsureAsync(place.Name, Arguments(place), ct);
        await using var client = await ConnectAsync(place, ct);
        if (client.SizeBytes < sizeGib << GiBShift)
            await client.ResizeAsync(sizeGib << GiBShift, ct);
    });

    /// <summary>Removes the volume from the store and from this node.</summary>
    /// <exception cref="VolumeException">It cannot be removed now.</exception>
    public Task RemoveAsync(LogVolumePlace place, CancellationToken ct) => TranslateAsync(async () =>
    {
        await servers.StopAsync(place.Name, ct);
        await _opener.DeleteAsync(place, ct);
        if (Directory.Exists(place.Directory))
            Directory.Delete(place.Directory, recursive: true);
    });

    private Task<NbdClient> ConnectAsync(LogVolumePlace place, CancellationToken ct) => NbdClient.ConnectAsync(OptionsOf(place), time, ct);

    private NbdClientOptions OptionsOf(LogVolumePlace place) => new() { EndPoint = new UnixDomainSocketEndPoint(servers.SocketOf(place.Name)), ExportName = place.Name };

    private static List<string> Arguments(LogVolumePlace place)
    {
        List<string> arguments =
        [
            "--export", place.Name, "--store", place.StoreUrl, "--directory", place.Directory,
            "--log-size", $"{place.LogBytes}", "--cache-size", $"{place.CacheBytes}",
        ];
        if (place.KeyRingPath is { } keys)
            arguments.AddRange(["--keys", keys]);
        if (place.StoreTimeout is { } timeout)
            arguments.AddRange(["--store-timeout", $"{(long)timeout.TotalSeconds}s"]);
        arguments.Add($"log:{place.Name}");
        return arguments;
    }

    private async Task CopyImageAsync(LogVolumePlace place, string imagePath, CancellationToken ct)
    {
        await servers.EnsureAsync(place.Name, Arguments(place), ct);
        var target = $"nbd+unix:///{place.Name}?socket={servers.SocketOf(place.Name)}";
        await runner.CheckAsync(new Command("qemu-img", "convert", "-n", "-W", "-f", "qcow2", "-O", "raw", imagePath, target) { Timeout = _copyTimeout }, ct);
    }

    private static async Task TranslateAsync(Func<Task> run)
    {
        try
        {
            await run();
        }
        catch (ObjectStoreException ex)
        {
            throw new VolumeException(ex.Message) { IsTransient = ex.Error is not ObjectStoreError.Refused };
        }
        catch (Exception ex) when (ex is BlockDeviceException or ChunkStoreException or LogFormatException or NbdException or CommandException or IOException or UnauthorizedAccessException)
        {
            throw new VolumeException(ex.Message) { IsTransient = true };
        }
    }
}
