using System.Runtime.CompilerServices;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Core.Machines;

namespace Skep.Compute.Tests.Qemu;

/// <summary>
/// The command line of typical machines, compared with files in Golden/. To accept a change, run with SKEP_UPDATE_GOLDEN=1
/// and read the difference.
/// </summary>
public sealed class QemuCommandLineTests
{
    private static readonly MachineConfig _machine = new()
    {
        Instance = ComputeKinds.Instance.Key("default", "i-0123456789abcdef0"),
        InstanceType = "t3.micro",
        VCpus = 2,
        MemoryMib = 1024,
        Disks = [
            new MachineDisk("vol-0123456789abcdef0", new DiskSource.LocalFile("/var/lib/skep/volumes/vol-0123456789abcdef0.qcow2", "qcow2"))
            {
                SizeBytes = 8L << 30, Limits = new DiskLimits { Iops = 3_000, BytesPerSecond = 125 << 20, OperationBytes = 256 << 10 },
            },
        ],
        Nics = [new MachineNic("eni-0123456789abcdef0", "02:00:00:00:00:01", "skTst-vpc", "skTst-tap")],
    };

    private static readonly QemuLaunch _launch = new()
    {
        Directory = "/var/lib/skep/instances/i-0123456789abcdef0",
        Accelerator = "kvm",
        Firmware = new FirmwareFiles("/usr/share/OVMF/OVMF_CODE_4M.fd", "/var/lib/skep/instances/i-0123456789abcdef0/OVMF_VARS.fd"),
        Disks = [new DiskAccess("io_uring", IsDirect: true)],
        MonitorFd = 3,
        Nics = [new NicHandles(4, 5)],
    };

    [Fact]
    public void A_machine_with_UEFI_under_KVM_with_vhost() => Matches("uefi-kvm", QemuCommandLine.Build(_machine, _launch));

    [Fact]
    public void A_machine_with_BIOS_emulated_without_vhost() => Matches("bios-tcg", QemuCommandLine.Build(_machine, _launch with
    {
        Accelerator = "tcg",
        Firmware = null,
        Disks = [new DiskAccess("threads", IsDirect: false)],
        Nics = [new NicHandles(4, null)],
    }));

    [Fact]
    public void An_encrypted_disk_reads_its_passphrase_from_a_file() => Matches(
        "encrypted",
        QemuCommandLine.Build(
            _machine with { Disks = [_machine.Disks[0] with { Key = new DiskKey { KeyId = "k", Wrapped = "AA==" } }], Nics = [] },
            _launch with { Firmware = null, Disks = [_launch.Disks[0] with { SecretPath = "/dev/shm/skep-key-1-0" }], Nics = [] }));

    [Fact]
    public void A_kernel_without_disks_and_networks() => Matches(
        "kernel",
        QemuCommandLine.Build(
            _machine with { Disks = [], Nics = [], Kernel = new MachineKernel("/boot/vmlinuz", "/boot/initrd", "console=ttyS0 a=b,c") },
            _launch with { Firmware = null, Disks = [], Nics = [] }));

    [Fact]
    public void An_Arm_machine() => Matches("arm", QemuCommandLine.Build(_machine with { Architecture = "arm64" }, _launch));

    [Fact]
    public void A_comma_in_a_directory_cannot_add_options()
    {
        var arguments = QemuCommandLine.Build(_machine, _launch with { Directory = "/data,readonly=on/i-1" });
        Assert.Contains(arguments, a => a.StartsWith("socket,id=people,path=/data,,readonly=on/i-1/", StringComparison.Ordinal));
        Assert.DoesNotContain(arguments, a => a.Contains("path=/data,readonly", StringComparison.Ordinal));
    }

    [Fact]
    public void The_marker_that_finds_a_process_is_one_of_its_arguments() =>
        Assert.Contains(QemuCommandLine.Marker(_launch.Directory), QemuCommandLine.Build(_machine, _launch));

    [Fact]
    public void The_same_id_gives_the_same_uuid_in_the_form_that_cloud_init_looks_for()
    {
        var uuid = MachineIdentity.Uuid("i-0123456789abcdef0");
        Assert.Equal(uuid, MachineIdentity.Uuid("i-0123456789abcdef0"));
        Assert.NotEqual(uuid, MachineIdentity.Uuid("i-0123456789abcdef1"));
        Assert.StartsWith("ec2", uuid, StringComparison.Ordinal);
        Assert.True(Guid.TryParseExact(uuid, "D", out _));
    }

    [Fact]
    public void A_volume_serial_fills_virtios_twenty_bytes() =>
        Assert.Equal("vol0123456789abcdef0", MachineIdentity.VolumeSerial("vol-0123456789abcdef0"));

    private static void Matches(string name, IReadOnlyList<string> arguments, [CallerFilePath] string source = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(source)!, "Golden", $"{name}.txt");
        var text = string.Join('\n', arguments) + "\n";
        if (Environment.GetEnvironmentVariable("SKEP_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, text);
        Assert.Equal(File.ReadAllText(path), text);
    }
}
