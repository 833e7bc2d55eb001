using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Images.Debian;

/// <summary>
/// Makes a Debian image for clouds out of the distribution's packages: mmdebstrap for the system, then file systems
/// filled without mounting anything. cloud-init, OpenSSH, the guest agent, UEFI boot, a root that grows at boot.
/// </summary>
public sealed class DebianImageBuilder(CommandRunner runner) : IImageBuilder
{
    private const string Suite = "bookworm";
    private const long MiB = 1 << 20;
    private const long SectorSize = 512;
    private const long EspStart = MiB;
    private const long EspSize = 200 * MiB;
    private const long RootStart = EspStart + EspSize;
    private const long RootSize = 1500 * MiB;

    /// <summary>Room behind the root for the second copy of the GPT.</summary>
    private const long Tail = MiB;

    private static readonly TimeSpan _bootstrapTimeout = TimeSpan.FromHours(1);

    private static readonly string[] _packages =
    [
        "systemd-sysv", "systemd-boot", "systemd-timesyncd", "libpam-systemd", "udev", "dbus", "cloud-init", "cloud-guest-utils", "e2fsprogs",
        "openssh-server", "qemu-guest-agent", "sudo", "ifupdown", "isc-dhcp-client", "iproute2", "iputils-ping", "netbase", "ca-certificates",
        "locales", "less", "vim-tiny", "curl", "zstd",
    ];

    /// <inheritdoc/>
    public string Name => "debian-12";

    /// <inheritdoc/>
    public async Task<BuiltImage> BuildAsync(string directory, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        foreach (var tool in (ReadOnlySpan<string>)["mmdebstrap", "mkfs.vfat", "mcopy", "mke2fs", "sfdisk", "qemu-img"])
            BuildTools.RequireTool(tool);
        if (!SystemUser.IsRoot)
            throw new ImageBuildException("building debian-12 needs root: its files belong to many users. Run the daemon as root, or use `skep image pull debian-12`");
        var architecture = GuestArchitecture.OfHost();
        var tools = new BuildTools(runner, directory);
        var root = tools.PathOf("root");

        progress.Report(new("installing Debian 12 with mmdebstrap", 0.02));
        var sources = await DebianSources.ForSuiteAsync(tools, Suite, ct);
        // In a mount namespace of its own: what it mounts below the new root (/proc, /dev) goes with it even when it is killed,
        // and can never be in the way of removing the directory.
        await tools.RunAsync(
            "unshare",
            [
                "--mount", "--propagation", "private", "mmdebstrap", "--quiet", "--mode=root", "--format=directory", "--variant=apt", $"--architectures={architecture.DebianName}",
                "--aptopt=APT::Install-Recommends \"false\"",
                $"--include=linux-image-cloud-{architecture.DebianName},{string.Join(',', _packages)}", Suite, root, .. sources,
            ],
            _bootstrapTimeout, ct);

        progress.Report(new("configuring the system", 0.7));
        var options = $"root=LABEL=root rw console=tty0 console={architecture.SerialConsole},115200 quiet";
        DebianRootFiles.Configure(root, options);

        progress.Report(new("writing the file systems", 0.72));
        var kernel = Newest(Path.Combine(root, "boot"), "vmlinu*");
        var initrd = Newest(Path.Combine(root, "boot"), "initrd.img-*");
        await MakeEmptyFileAsync(tools.PathOf("root.ext4"), RootSize, ct);
        await tools.RunAsync("mke2fs", ["-q", "-F", "-t", "ext4", "-L", "root", "-E", "root_owner=0:0", "-d", root, tools.PathOf("root.ext4")], ct);
        await EfiSystemPartition.WriteAsync(
            tools, "esp.img", EspSize, architecture.EfiName, Path.Combine(root, "usr/lib/systemd/boot/efi", architecture.SystemdBootName),
            new BootEntry("debian-initial", "Debian GNU/Linux 12", "/debian/initial", kernel, initrd, options), ct);
        await JoinAsync(tools, ct);

        progress.Report(new("compressing the image", 0.82));
        var image = tools.PathOf("debian-12.qcow2");
        await new QemuImg(runner).ConvertToQcow2Async(tools.PathOf("disk.img"), DiskImageFormat.Raw, image, compress: true, ct);
        return new BuiltImage(image, architecture.Ec2Name, "uefi", "debian", $"Debian 12 ({Path.GetFileName(kernel)}) with cloud-init");
    }

    private static string Newest(string directory, string pattern) =>
        Directory.GetFiles(directory, pattern).Order(StringComparer.Ordinal).LastOrDefault()
        ?? throw new ImageBuildException($"the installed system has no {pattern} in /boot");

    private static async Task JoinAsync(BuildTools tools, CancellationToken ct)
    {
        var path = tools.PathOf("disk.img");
        await MakeEmptyFileAsync(path, RootStart + RootSize + Tail, ct);
        await tools.RunWithInputAsync(
            "sfdisk", ["--quiet", path],
            $"""
            label: gpt
            start={EspStart / SectorSize}, size={EspSize / SectorSize}, type=uefi, name=esp
            start={RootStart / SectorSize}, size={RootSize / SectorSize}, type=linux, name=root

            """, ct);
        await using var disk = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        await DiskParts.CopyAsync(tools.PathOf("esp.img"), disk, EspStart, ct);
        await DiskParts.CopyAsync(tools.PathOf("root.ext4"), disk, RootStart, ct);
    }

    private static async Task MakeEmptyFileAsync(string path, long sizeBytes, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        file.SetLength(sizeBytes);
    }
}
