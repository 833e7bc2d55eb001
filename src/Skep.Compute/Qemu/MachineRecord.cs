using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Skep.Core.Resources;
using Skep.Linux.Processes;

namespace Skep.Compute.Qemu;

/// <summary>
/// What the host remembers of an instance's machine, kept beside its directory where only the daemon can write: the
/// machine's own user must not be able to name a process that root then kills.
/// </summary>
public sealed record MachineRecord
{
    /// <summary>The instance's namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>The instance's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the machine boots by UEFI; decided once, at its first start.</summary>
    public bool IsUefi { get; init; }

    /// <summary>A start has begun: there may be a process even if none is recorded.</summary>
    public bool IsStarting { get; init; }

    /// <summary>The machine's process.</summary>
    public ProcessIdentity? Process { get; init; }
}

/// <summary>Where an instance's files are, and the reading and writing of its record.</summary>
public sealed class MachineFiles(string root)
{
    private const string RecordSuffix = ".json";
    private const string TemporarySuffix = ".tmp";
    private const string HeldSuffix = ".held";

    private static readonly SearchValues<char> _hexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The directory that holds one directory an instance.</summary>
    public string Root { get; } = root;

    /// <summary>The instance's directory, private to the daemon and to the user of machines.</summary>
    public string DirectoryOf(ResourceKey instance) => Path.Combine(Root, NameOf(instance));

    /// <summary>The last 64 KiB and more of the guest's serial console.</summary>
    public string ConsoleLogOf(ResourceKey instance) => Path.Combine(DirectoryOf(instance), QemuCommandLine.ConsoleLog);

    /// <summary>What QEMU printed.</summary>
    public string QemuLogOf(ResourceKey instance) => Path.Combine(DirectoryOf(instance), "qemu.log");

    /// <summary>The daemon's monitor socket.</summary>
    public string MonitorSocketOf(ResourceKey instance) => Path.Combine(DirectoryOf(instance), "qmp.sock");

    /// <summary>Every instance that has a record or a directory.</summary>
    public IReadOnlyList<MachineRecord> List()
    {
        if (!Directory.Exists(Root))
            return [];
        return [.. Directory.EnumerateFiles(Root, $"*{RecordSuffix}").Select(Read).OfType<MachineRecord>()];
    }

    /// <summary>The instance's record; null when there is none, or a crash left it unreadable.</summary>
    public MachineRecord? Read(ResourceKey instance) => Read(RecordPath(instance));

    /// <summary>Replaces the instance's record: whole or not at all.</summary>
    public void Write(ResourceKey instance, MachineRecord record)
    {
        var path = RecordPath(instance);
        var temporary = path + TemporarySuffix;
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(record, QemuJson.Default.MachineRecord));
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>
    /// Writes down that the guest's file systems are about to be frozen, or no longer are: a daemon that ends in between leaves
    /// that to the next.
    /// </summary>
    public void SetHeld(ResourceKey instance, bool isHeld)
    {
        var path = RecordPath(instance) + HeldSuffix;
        if (isHeld)
            File.WriteAllBytes(path, []);
        else
            File.Delete(path);
    }

    /// <summary>Whether that was written down.</summary>
    public bool IsHeld(ResourceKey instance) => File.Exists(RecordPath(instance) + HeldSuffix);

    /// <summary>Removes everything of the instance; the record last, so that what a crash leaves is found again.</summary>
    public void Remove(ResourceKey instance)
    {
        if (!Directory.Exists(Root))
            return; // no machine has ever started here
        var directory = DirectoryOf(instance);
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
        File.Delete(RecordPath(instance) + TemporarySuffix);
        File.Delete(RecordPath(instance) + HeldSuffix);
        File.Delete(RecordPath(instance));
    }

    private static MachineRecord? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), QemuJson.Default.MachineRecord);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>EC2 ids are unique everywhere; other names only in their namespace, which itself has no dot.</summary>
    private static string NameOf(ResourceKey instance) =>
        IsEc2Id(instance.Name) ? instance.Name : $"{instance.Namespace}.{instance.Name}";

    private static bool IsEc2Id(string name) =>
        name.Length is 10 or 19 && name.StartsWith("i-", StringComparison.Ordinal) && name.AsSpan(2).IndexOfAnyExcept(_hexDigits) < 0;

    private string RecordPath(ResourceKey instance) => Path.Combine(Root, NameOf(instance) + RecordSuffix);
}

/// <summary>Serializer metadata of the files beside instances.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MachineRecord))]
internal sealed partial class QemuJson : JsonSerializerContext;
