using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Skep.Compute.Nodes;

/// <summary>What this machine is, read once when the daemon starts.</summary>
public sealed record NodeFacts
{
    private const long BytesPerMib = 1024 * 1024;

    /// <summary>The host keeps at least this much memory, in MiB, for its system and the daemon.</summary>
    private const long ReserveMinMib = 512;

    /// <summary>The host keeps at least this part of its memory.</summary>
    private const int ReserveDivisor = 20;

    /// <summary>What a simulated machine seems to have: enough for every test of scale.</summary>
    private const int SimulatedCpus = 16_384;
    private const long SimulatedMemoryMib = 64L * 1024 * 1024;

    /// <summary>Logical processors.</summary>
    public required int Cpus { get; init; }

    /// <summary>Memory in MiB.</summary>
    public required long MemoryMib { get; init; }

    /// <summary>Memory in MiB that instances and pods may use.</summary>
    public required long AllocatableMemoryMib { get; init; }

    /// <summary>amd64 or arm64, as Kubernetes names them.</summary>
    public required string Architecture { get; init; }

    /// <summary>The kernel's release.</summary>
    public required string KernelVersion { get; init; }

    /// <summary>The distribution: PRETTY_NAME of os-release(5).</summary>
    public required string OsImage { get; init; }

    /// <summary>Addresses of the machine, without loopback and link-local ones.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>Reads the facts from the running system, or makes up those of a simulated machine.</summary>
    public static NodeFacts Read(bool isSimulated)
    {
        var memoryMib = isSimulated ? SimulatedMemoryMib : ReadMemoryMib(File.ReadAllText("/proc/meminfo"), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        return new NodeFacts
        {
            Cpus = isSimulated ? SimulatedCpus : Environment.ProcessorCount,
            MemoryMib = memoryMib,
            AllocatableMemoryMib = isSimulated ? memoryMib : Math.Max(0, memoryMib - Math.Max(ReserveMinMib, memoryMib / ReserveDivisor)),
            Architecture = RuntimeInformation.OSArchitecture is System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64",
            KernelVersion = File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            OsImage = ReadPrettyName(),
            Addresses = ReadAddresses(),
        };
    }

    /// <summary>The machine's memory, or less when the daemon lives in a container with a limit.</summary>
    internal static long ReadMemoryMib(string meminfo, long limitBytes)
    {
        const string Label = "MemTotal:";
        var line = meminfo.Split('\n').FirstOrDefault(l => l.StartsWith(Label, StringComparison.Ordinal))
            ?? throw new InvalidDataException("/proc/meminfo has no line MemTotal");
        var kib = long.Parse(line[Label.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
        return Math.Min(kib * 1024, limitBytes) / BytesPerMib;
    }

    private static string ReadPrettyName()
    {
        const string Label = "PRETTY_NAME=";
        return File.Exists("/etc/os-release")
            ? File.ReadLines("/etc/os-release").FirstOrDefault(l => l.StartsWith(Label, StringComparison.Ordinal))?[Label.Length..].Trim('"') ?? "Linux"
            : "Linux";
    }

    private static List<string> ReadAddresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(n => n.OperationalStatus == OperationalStatus.Up && n.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(n => n.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address)
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork || a is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv6LinkLocal: false })
            .OrderBy(a => a.AddressFamily)
            .Select(a => a.ToString()),
    ];
}
