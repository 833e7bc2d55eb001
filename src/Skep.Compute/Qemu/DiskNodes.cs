using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Skep.Compute.Kinds;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Qemu;

/// <summary>
/// A disk as QEMU knows it, the same at start-up and when plugged in later: a throttle group, the secret of an
/// encrypted disk, a chain of block nodes (throttle, format, protocol) that goes as one, and a virtio device. All have names made of the volume's, so that what a
/// machine has can be read from it (qapi/block-core.json, qapi/qom.json).
/// </summary>
internal static class DiskNodes
{
    /// <summary>The I/O thread that all disks of a machine share.</summary>
    public const string IoThread = "io";

    /// <summary>
    /// Seconds that requests wait for a lost NBD server before they fail. A guest takes an error of its root disk badly,
    /// and servers come back: with a restarted daemon, or another one that takes over.
    /// </summary>
    public const int ReconnectSeconds = 24 * 60 * 60;

    private const string DevicePrefix = "disk-";
    private const string GroupPrefix = "limits-";
    private const string SecretPrefix = "key-";

    /// <summary>Node names have at most 31 characters; 21 are an EC2 id.</summary>
    private const int NameMax = 21;

    /// <summary>The name of the chain's upper end, for a volume.</summary>
    public static string Top(string volumeId)
    {
        if (volumeId.Length <= NameMax && volumeId.StartsWith("vol-", StringComparison.Ordinal) && !volumeId.Contains('.', StringComparison.Ordinal))
            return volumeId;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(volumeId)));
        return $"volx-{hash[..16]}";
    }

    /// <summary>The node that knows the format, under the throttle.</summary>
    public static string Format(string top) => $"{top}-format";

    /// <summary>The node that reads the file or the server.</summary>
    public static string Protocol(string top) => $"{top}-file";

    /// <summary>The other name of a node that reads a server: a disk that has grown may have this one.</summary>
    public static string Grown(string top) => $"{top}-grown";

    /// <summary>The node that stands in for a disk that was taken away by force.</summary>
    public static string Cut(string top) => $"{top}-cut";

    /// <summary>The device's id.</summary>
    public static string Device(string top) => DevicePrefix + top;

    /// <summary>The throttle group's id.</summary>
    public static string Group(string top) => GroupPrefix + top;

    /// <summary>The id of the secret object with an encrypted disk's passphrase.</summary>
    public static string Secret(string top) => SecretPrefix + top;

    /// <summary>The chain that a secret belongs to, by its id; null when it is none of a disk's.</summary>
    public static string? TopOfSecret(string id) => id.StartsWith(SecretPrefix, StringComparison.Ordinal) ? id[SecretPrefix.Length..] : null;

    /// <summary>The chain that a device or a throttle group belongs to, by its id; null when it is none of a disk's.</summary>
    public static string? TopOf(string id) =>
        id.StartsWith(DevicePrefix, StringComparison.Ordinal) ? id[DevicePrefix.Length..]
        : id.StartsWith(GroupPrefix, StringComparison.Ordinal) ? id[GroupPrefix.Length..]
        : null;

    /// <summary>The members of a secret object that reads its passphrase from a file.</summary>
    public static void WriteSecretFile(Utf8JsonWriter writer, string top, string path)
    {
        WriteSecretHead(writer, top);
        writer.WriteString("file", path);
    }

    /// <summary>The members of a secret object that is given its passphrase: for the monitor alone, a command line can be read by all.</summary>
    public static void WriteSecretText(Utf8JsonWriter writer, string top, DiskPassphrase passphrase)
    {
        WriteSecretHead(writer, top);
        writer.WriteString("data", passphrase.Reveal());
    }

    /// <summary>What a qcow2 node must know of its encryption.</summary>
    public static void WriteEncryption(Utf8JsonWriter writer, string top)
    {
        writer.WriteStartObject("encrypt");
        writer.WriteString("format", "luks");
        writer.WriteString("key-secret", Secret(top));
        writer.WriteEndObject();
    }

    /// <summary>The members of a throttle-group object.</summary>
    public static void WriteGroup(Utf8JsonWriter writer, string top, DiskLimits? limits)
    {
        writer.WriteString("qom-type", "throttle-group");
        writer.WriteString("id", Group(top));
        writer.WriteStartObject("limits");
        WriteLimits(writer, limits);
        writer.WriteEndObject();
    }

    /// <summary>The members of ThrottleLimits. All that a limit can set are written, so that an older one's are overwritten.</summary>
    public static void WriteLimits(Utf8JsonWriter writer, DiskLimits? limits)
    {
        writer.WriteNumber("iops-total", limits?.Iops ?? 0);
        writer.WriteNumber("iops-total-max", limits?.IopsBurst ?? 0);
        writer.WriteNumber("iops-total-max-length", BurstSeconds(limits?.IopsBurstSeconds, limits?.IopsBurst) ?? 1);
        writer.WriteNumber("bps-total", limits?.BytesPerSecond ?? 0);
        writer.WriteNumber("bps-total-max", limits?.BytesBurst ?? 0);
        writer.WriteNumber("bps-total-max-length", BurstSeconds(limits?.BytesBurstSeconds, limits?.BytesBurst) ?? 1);
        writer.WriteNumber("iops-size", limits?.OperationBytes ?? 0);
    }

    /// <summary>Whether a throttle group's limits, as qom-get answers them, are those wanted.</summary>
    public static bool IsLimitedTo(JsonElement actual, DiskLimits? limits)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            WriteLimits(writer, limits);
            writer.WriteEndObject();
        }

        using var wanted = JsonDocument.Parse(stream.ToArray());
        return wanted.RootElement.EnumerateObject().All(m => actual.TryGetProperty(m.Name, out var value) && value.GetInt64() == m.Value.GetInt64());
    }

    /// <summary>
    /// Whether a disk's lowest node is added by itself, before the chain: that of a server, which another one may take the place
    /// of when the disk grows. QEMU 7.2 fails ("qemu_mutex_unlock_impl: Operation not permitted") when it has to end a
    /// connection because its node went with the one above.
    /// </summary>
    public static bool HasClient(MachineDisk disk) => disk.Source is DiskSource.NetworkBlockDevice;

    /// <summary>The members of the chain of nodes, for -blockdev and blockdev-add.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="access">How its file is read; of no account for a network block device.</param>
    public static void WriteChain(Utf8JsonWriter writer, MachineDisk disk, DiskAccess access)
    {
        var top = Top(disk.VolumeId);
        writer.WriteString("driver", "throttle");
        writer.WriteString("node-name", top);
        writer.WriteString("throttle-group", Group(top));
        writer.WriteString("discard", "unmap");
        writer.WriteStartObject("file");
        WriteFormat(writer, disk, top, file: w =>
        {
            if (HasClient(disk))
            {
                w.WriteString("file", Protocol(top));
                return;
            }

            w.WriteStartObject("file");
            WriteProtocol(w, Protocol(top), disk.Source, access);
            w.WriteEndObject();
        });
        writer.WriteEndObject();
    }

    /// <summary>The members of the node that knows the format.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="top">The chain's name.</param>
    /// <param name="file">Writes the member "file": a node or the name of one.</param>
    public static void WriteFormat(Utf8JsonWriter writer, MachineDisk disk, string top, Action<Utf8JsonWriter> file)
    {
        writer.WriteString("driver", disk.Source is DiskSource.LocalFile { Format: var format } ? format : "raw");
        writer.WriteString("node-name", Format(top));
        writer.WriteString("discard", "unmap");
        writer.WriteString("detect-zeroes", "unmap");
        if (disk.Key is not null)
            WriteEncryption(writer, top);
        file(writer);
    }

    /// <summary>The members of the node that reads the file or the server.</summary>
    public static void WriteProtocol(Utf8JsonWriter writer, string name, DiskSource source, DiskAccess access)
    {
        writer.WriteString("node-name", name);
        writer.WriteString("discard", "unmap");
        WriteSource(writer, source, access);
    }

    /// <summary>The properties of the virtio-blk-pci device; it has a queue for each virtual processor of itself.</summary>
    public static IEnumerable<(string Name, string Value)> DeviceProperties(MachineDisk disk)
    {
        var top = Top(disk.VolumeId);
        yield return ("id", Device(top));
        yield return ("drive", top);
        yield return ("iothread", IoThread);
        yield return ("serial", MachineIdentity.VolumeSerial(disk.VolumeId));
    }

    /// <summary>The same for the command line.</summary>
    public static string DeviceArguments(MachineDisk disk) => string.Join(',', DeviceProperties(disk).Select(p => $"{p.Name}={p.Value}"));

    private static void WriteSecretHead(Utf8JsonWriter writer, string top)
    {
        writer.WriteString("qom-type", "secret");
        writer.WriteString("id", Secret(top));
        writer.WriteString("format", "raw");
    }

    private static long? BurstSeconds(long? seconds, long? burst)
    {
        const long CreditMax = 1_000_000_000_000_000; // THROTTLE_VALUE_MAX of QEMU's throttle.h bounds rate × length
        return burst > 0 ? Math.Clamp(seconds ?? 1, 1, CreditMax / burst.Value) : null;
    }

    private static void WriteSource(Utf8JsonWriter writer, DiskSource source, DiskAccess access)
    {
        switch (source)
        {
            case DiskSource.LocalFile file:
                writer.WriteString("driver", "file");
                writer.WriteString("filename", file.Path);
                writer.WriteString("aio", access.Aio);
                writer.WriteStartObject("cache");
                writer.WriteBoolean("direct", access.IsDirect);
                writer.WriteEndObject();
                break;
            case DiskSource.NetworkBlockDevice device:
                writer.WriteString("driver", "nbd");
                writer.WriteStartObject("server");
                writer.WriteString("type", "unix");
                writer.WriteString("path", device.SocketPath);
                writer.WriteEndObject();
                writer.WriteString("export", device.Export);
                writer.WriteNumber("reconnect-delay", ReconnectSeconds);
                break;
            default:
                throw new ArgumentException($"{source.GetType().Name} is no source of a disk", nameof(source));
        }
    }
}
