using Skep.Compute.Qemu;
using Skep.Linux;

namespace Skep.Compute.SystemTests;

/// <summary>
/// Debian's cloud kernel and an initramfs of busybox, made once a test run. The guest says READY on its console, runs
/// what is typed there, and powers off when its power button is pressed (unless the kernel's command line has "deaf").
/// </summary>
public sealed class TinyGuest : IAsyncLifetime
{
    private const string KernelPackage = "linux-image-cloud-amd64";
    private static readonly string[] _modules =
    [
        "button", "evdev", "virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk", "failover", "net_failover", "virtio_net",
    ];

    private readonly string _directory = Directory.CreateTempSubdirectory("skep-guest-").FullName;
    private readonly CommandRunner _runner = new(TimeProvider.System);
    private string? _kernel;
    private string? _reason;

    /// <summary>What the guest writes when it is up.</summary>
    public const string Ready = "GUEST READY";

    public async ValueTask InitializeAsync()
    {
        try
        {
            await MakeAsync(CancellationToken.None);
        }
        catch (CommandException ex)
        {
            _reason = ex.Message;
        }
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>The kernel to start, or the test is skipped because it could not be made here.</summary>
    public MachineKernel Kernel(string extra = "")
    {
        Assert.SkipWhen(_kernel is null, $"no guest kernel: {_reason}");
        return new MachineKernel(_kernel!, Path.Combine(_directory, "initrd"), $"console=ttyS0 quiet panic=-1 {extra}");
    }

    private async Task MakeAsync(CancellationToken ct)
    {
        var depends = await _runner.CheckAsync(new Command("apt-cache", "depends", KernelPackage), ct);
        var package = depends.Output.Split('\n').Select(l => l.Trim()).First(l => l.StartsWith("Depends: linux-image-", StringComparison.Ordinal))["Depends: ".Length..];
        await _runner.CheckAsync(new Command("apt-get", "download", package) { WorkingDirectory = _directory, Timeout = TimeSpan.FromMinutes(5) }, ct);
        var archive = Directory.GetFiles(_directory, "*.deb").Single();
        await _runner.CheckAsync(new Command("dpkg", "-x", archive, Path.Combine(_directory, "kernel")) { Timeout = TimeSpan.FromMinutes(2) }, ct);
        _kernel = Directory.GetFiles(Path.Combine(_directory, "kernel/boot"), "vmlinuz-*").Single();

        // Machines run as another user, which must be able to read both.
        File.SetUnixFileMode(_directory, File.GetUnixFileMode(_directory) | UnixFileMode.OtherExecute);
        var root = Directory.CreateDirectory(Path.Combine(_directory, "root")).FullName;
        foreach (var name in (string[])["bin", "proc", "sys", "dev", "lib", "etc/acpi/PWRF"])
            Directory.CreateDirectory(Path.Combine(root, name));
        File.Copy("/usr/bin/busybox", Path.Combine(root, "bin/busybox"));
        var all = Directory.GetFiles(Path.Combine(_directory, "kernel/lib/modules"), "*.ko", SearchOption.AllDirectories);
        foreach (var module in _modules)
            File.Copy(all.Single(f => Path.GetFileNameWithoutExtension(f) == module), Path.Combine(root, "lib", module + ".ko"));
        Write(Path.Combine(root, "etc/acpi/PWRF/00000080"), "#!/bin/sh\necho POWER BUTTON >/dev/console\npoweroff -f\n");
        Write(Path.Combine(root, "init"), $"""
            #!/bin/busybox sh
            /bin/busybox --install -s /bin
            mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
            for m in {string.Join(' ', _modules)}; do insmod /lib/$m.ko; done
            grep -q deaf /proc/cmdline || acpid -l /dev/null
            echo "uuid $(cat /sys/class/dmi/id/product_uuid) vendor $(cat /sys/class/dmi/id/sys_vendor) product $(cat /sys/class/dmi/id/product_name)"
            [ -e /dev/vda ] && echo "disk $(cat /sys/block/vda/serial) $(dd if=/dev/vda bs=16 count=1 2>/dev/null)"
            echo {Ready}
            while read -r line; do eval "$line"; done
            """);
        var files = await _runner.CheckAsync(new Command("find", ".") { WorkingDirectory = root }, ct);
        await _runner.CheckAsync(
            new Command("busybox", "cpio", "-o", "-H", "newc", "-F", Path.Combine(_directory, "initrd"))
            {
                WorkingDirectory = root,
                Input = System.Text.Encoding.UTF8.GetBytes(files.Output),
            },
            ct);
    }

    private static void Write(string path, string text)
    {
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
