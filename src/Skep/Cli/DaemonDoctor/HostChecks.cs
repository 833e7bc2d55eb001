using System.Globalization;
using System.Runtime.InteropServices;
using Skep.Compute.Qemu;
using Skep.Daemon;

namespace Skep.Cli.DaemonDoctor;

/// <summary>The machine itself: processor, memory, disk, rights, kernel, libraries.</summary>
internal static class HostChecks
{
    private const long MemoryBytesMin = 2L << 30;
    private const long DiskBytesMin = 10L << 30;
    private const double BytesPerGiB = 1L << 30;

    /// <summary>Looks at everything.</summary>
    public static IEnumerable<Finding> Run(string dataDirectory)
    {
        yield return Acceleration();
        yield return User();
        yield return Memory();
        yield return Disk(dataDirectory);
        yield return Tun();
        foreach (var (name, advice) in SystemLibraries.FindMissing())
            yield return Finding.Fail("library", $"{name} cannot be loaded", advice);
    }

    private static Finding Acceleration()
    {
        var chosen = Accelerator.Choose(forced: null, "/", RuntimeInformation.OSArchitecture);
        if (chosen.Name == "kvm")
            return Finding.Ok("acceleration", $"kvm: {chosen.Reason}");
        var hasVirtualization = RuntimeInformation.OSArchitecture is Architecture.X64
            && File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal)) is { } flags
            && (flags.Contains(" vmx", StringComparison.Ordinal) || flags.Contains(" svm", StringComparison.Ordinal));
        var paravirtual = Directory.Exists("/sys/module/kvm_pvm") ? " (kvm_pvm is loaded, which runs no ordinary kernel)" : "";
        return Finding.Warn("acceleration", $"{chosen.Name}: {chosen.Reason}{paravirtual}", hasVirtualization
            ? "modprobe kvm_intel or kvm_amd"
            : "use a machine with hardware virtualization, switch it on in the firmware, or enable nested virtualization where this machine is itself virtual");
    }

    private static Finding User() => Environment.IsPrivilegedProcess
        ? Finding.Ok("user", "root: networks of machines can be made")
        : Finding.Fail("user", $"{Environment.UserName}: networks of machines need root", "sudo skep up, or try the API with skep up --simulate");

    private static Finding Memory()
    {
        var available = File.ReadLines("/proc/meminfo").First(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
        var bytes = long.Parse(available.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        var found = $"{bytes / BytesPerGiB:0.0} GiB available";
        return bytes >= MemoryBytesMin ? Finding.Ok("memory", found) : Finding.Warn("memory", found, "small instances only (t3.nano has 0.5 GiB); free some memory for more");
    }

    private static Finding Disk(string dataDirectory)
    {
        var existing = dataDirectory;
        while (!Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing)!;
        var drive = new DriveInfo(existing);
        var found = $"{drive.AvailableFreeSpace / BytesPerGiB:0.0} GiB free for {dataDirectory} ({drive.DriveFormat})";
        return drive.AvailableFreeSpace >= DiskBytesMin ? Finding.Ok("disk", found) : Finding.Warn("disk", found, "free some space, or use a larger file system with --data DIR");
    }

    private static Finding Tun() => File.Exists("/dev/net/tun")
        ? Finding.Ok("tun", "/dev/net/tun is there")
        : Finding.Fail("tun", "/dev/net/tun is not there: machines get no network", "modprobe tun; in a container, pass the device in");
}
