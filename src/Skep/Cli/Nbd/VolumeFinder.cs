using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Core.Machines;
using Skep.Linux.DiskImages;
using Skep.Storage.Keys;
using Skep.Storage.LogVolumes;

namespace Skep.Cli.Nbd;

/// <summary>Where the disk of a volume of the daemon is: one of the members is set.</summary>
/// <param name="File">A file, its format, and what it is encrypted with, if it is.</param>
/// <param name="Log">A log-structured volume that nobody has open.</param>
internal sealed record VolumeDisk((string Path, string Format, DiskPassphrase? Passphrase)? File, LogVolumePlace? Log);

/// <summary>Finds the disks of the daemon's volumes.</summary>
internal sealed class VolumeFinder(CliContext context, ParseResult parsed)
{
    private const string Namespace = "default";
    private const int GiBShift = 30;

    /// <summary>Whether an argument looks like a volume's id and is not a file.</summary>
    public static bool IsVolume(string argument) => argument.StartsWith("vol-", StringComparison.Ordinal) && !File.Exists(argument);

    /// <summary>Finds a volume's disk.</summary>
    /// <exception cref="CliException">There is no daemon or no such volume, or it is in use or not ready.</exception>
    public async Task<VolumeDisk> FindAsync(string volumeId, CancellationToken ct)
    {
        using var client = context.Connect(parsed);
        var volume = await client.Resources.GetAsync(ApiResource.Volumes, Namespace, volumeId, ct);
        if (volume.TextAt("spec.attachment.instanceId") is { Length: > 0 } instance)
            throw new CliException($"volume {volumeId} is attached to {instance}: a disk has one user at a time", ExitCode.Conflict, "A snapshot of it can be taken while it is in use.");
        if (volume.TextAt("status.path") is { Length: > 0 } path)
            return new VolumeDisk((path, volume.TextAt("status.format") ?? "qcow2", OpenKey(volumeId, volume)), Log: null);
        if (volume.TextAt("status.nbdSocket") is not { Length: > 0 } || volume.TextAt("spec.poolName") is not { Length: > 0 } poolName)
            throw new CliException($"volume {volumeId} has no disk yet: it is {volume.TextAt("status.state") ?? "creating"}", ExitCode.Conflict);
        var pool = await client.Resources.GetAsync(ApiResource.StoragePools, Namespace, poolName, ct);
        return new VolumeDisk(File: null, PlaceOf(volumeId, volume, pool));
    }

    /// <summary>What an encrypted disk is opened with, by the key ring of the daemon's data directory.</summary>
    private DiskPassphrase? OpenKey(string volumeId, JsonObject volume)
    {
        if (volume.TextAt("status.key.wrapped") is not { Length: > 0 } wrapped)
            return null;
        try
        {
            var keys = new VolumeKeys(Path.Combine(context.DataDirectory(parsed), KeyRingFile.FileName), context.Time);
            return keys.Open(volumeId, new DiskKey { KeyId = volume.TextAt("status.key.keyId") ?? "", Wrapped = wrapped });
        }
        catch (IOException ex)
        {
            throw new CliException(ex.Message, ExitCode.Denied, "An encrypted disk can be opened only where its key ring is.");
        }
    }

    private LogVolumePlace PlaceOf(string volumeId, JsonObject volume, JsonObject pool)
    {
        var data = context.DataDirectory(parsed);
        var place = new LogVolumePlace
        {
            StoreUrl = pool.TextAt("spec.store") ?? throw new CliException($"pool {pool.Name()} has no store", ExitCode.Conflict),
            Name = volumeId,
            Directory = Path.Combine(pool.TextAt("spec.path") ?? Path.Combine(data, LogVolumePlace.DefaultFolder, pool.Name()), volumeId),
            KeyRingPath = volume.TextAt("spec.encrypted") == "true" ? Path.Combine(data, KeyRingFile.FileName) : null,
        };
        return place with
        {
            LogBytes = long.TryParse(pool.TextAt("spec.logGib"), out var log) ? log << GiBShift : place.LogBytes,
            CacheBytes = long.TryParse(pool.TextAt("spec.cacheGib"), out var cache) ? cache << GiBShift : place.CacheBytes,
            StoreTimeout = long.TryParse(pool.TextAt("spec.storeTimeoutSeconds"), out var seconds) ? TimeSpan.FromSeconds(seconds) : null,
        };
    }
}
