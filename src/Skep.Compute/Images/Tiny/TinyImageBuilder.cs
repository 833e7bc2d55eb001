using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Images.Tiny;

/// <summary>
/// Makes the image "tiny": Debian's cloud kernel, BusyBox and Dropbear on a disk of about 16 MB that answers SSH a
/// few seconds after power-on even when emulated. For tests, demos and small chores. Needs no root.
/// </summary>
/// <remarks>
/// Disk: MBR, an EFI system partition with kernel and initial RAM file system, and an empty ext4 partition labelled
/// skep-root. The whole system travels in the initial file system, which fills the partition at the first boot: so
/// no file on the host needs another owner than the builder.
/// </remarks>
public sealed class TinyImageBuilder(CommandRunner runner) : IImageBuilder
{
    private const int SectorSize = 512;
    private const long MiB = 1 << 20;
    private const long EspStart = MiB;
    private const long EspSize = 26 * MiB;
    private const long RootStart = EspStart + EspSize;
    private const long RootSize = 64 * MiB;
    private const uint DiskSignature = 0x534b4550;

    private static readonly string[] _packages = ["busybox-static", "dropbear-bin", "e2fsprogs", "systemd-boot-efi"];

    /// <inheritdoc/>
    public string Name => "tiny";

    /// <inheritdoc/>
    public async Task<BuiltImage> BuildAsync(string directory, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        foreach (var tool in (ReadOnlySpan<string>)["apt-get", "dpkg-deb", "mkfs.vfat", "mcopy", "mke2fs", "qemu-img"])
            BuildTools.RequireTool(tool);
        var architecture = GuestArchitecture.OfHost();
        var tools = new BuildTools(runner, directory);
        var apt = new AptPackages(tools);

        progress.Report(new("downloading Debian's kernel, BusyBox and Dropbear", 0.02));
        var kernelPackage = await apt.ResolveAsync($"linux-image-cloud-{architecture.DebianName}", "linux-image-", ct);
        await apt.DownloadAsync("kernel", [kernelPackage], ct);
        await apt.DownloadWithDependenciesAsync("packages", _packages, ct);

        progress.Report(new("unpacking packages", 0.4));
        await apt.UnpackAsync("kernel", "root", ct);
        await apt.UnpackAsync("packages", "root", ct);

        progress.Report(new("putting the system together", 0.55));
        var root = tools.PathOf("root");
        await new TinyRootFiles(tools, root, architecture).WriteAsync(tools.PathOf("initrd.img"), ct);

        progress.Report(new("writing the disk", 0.7));
        var kernel = Directory.GetFiles(Path.Combine(root, "boot"), "vmlinu*") is [var found, ..]
            ? found
            : throw new ImageBuildException($"package {kernelPackage} brings no kernel in /boot");
        await EfiSystemPartition.WriteAsync(
            tools, "esp.img", EspSize, architecture.EfiName, Path.Combine(root, "usr/lib/systemd/boot/efi", architecture.SystemdBootName),
            new BootEntry("tiny", "Skep tiny", "/", kernel, tools.PathOf("initrd.img"), $"console={architecture.SerialConsole},115200 quiet panic=10"), ct);
        await MakeRootAsync(tools, ct);
        await JoinAsync(tools, ct);

        progress.Report(new("compressing the image", 0.85));
        var image = tools.PathOf("tiny.qcow2");
        await new QemuImg(runner).ConvertToQcow2Async(tools.PathOf("disk.img"), DiskImageFormat.Raw, image, compress: true, ct);
        return new BuiltImage(image, architecture.Ec2Name, "uefi", "root", $"Skep tiny: BusyBox and Dropbear on {kernelPackage}");
    }

    private static async Task MakeRootAsync(BuildTools tools, CancellationToken ct)
    {
        var image = tools.PathOf("root.ext4");
        await using (var file = new FileStream(image, FileMode.Create, FileAccess.Write))
            file.SetLength(RootSize);
        // Blocks of 4 KiB, or a small file system gets 1 KiB and could not grow far. No bigger reserve for descriptors than
        // usual (-E resize=): growing by it takes transactions larger than this file system's journal.
        await tools.RunAsync("mke2fs", ["-q", "-F", "-t", "ext4", "-b", "4096", "-L", "skep-root", "-m", "0", "-E", "root_owner=0:0", image], ct);
    }

    private static async Task JoinAsync(BuildTools tools, CancellationToken ct)
    {
        await using var disk = new FileStream(tools.PathOf("disk.img"), FileMode.Create, FileAccess.Write);
        disk.SetLength(RootStart + RootSize);
        await disk.WriteAsync(
            MasterBootRecord.Make(
                DiskSignature,
                new MbrPartition(MasterBootRecord.EfiSystem, (uint)(EspStart / SectorSize), (uint)(EspSize / SectorSize)),
                new MbrPartition(MasterBootRecord.Linux, (uint)(RootStart / SectorSize), (uint)(RootSize / SectorSize))),
            ct);
        await DiskParts.CopyAsync(tools.PathOf("esp.img"), disk, EspStart, ct);
        await DiskParts.CopyAsync(tools.PathOf("root.ext4"), disk, RootStart, ct);
    }
}
