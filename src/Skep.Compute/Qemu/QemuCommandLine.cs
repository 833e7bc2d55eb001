using System.Text;
using System.Text.Json;

namespace Skep.Compute.Qemu;

/// <summary>Writes QEMU's arguments for a machine (qemu-system-x86_64(1)). A pure function of its arguments.</summary>
public static class QemuCommandLine
{
    /// <summary>File names in an instance's directory.</summary>
    public const string ConsoleSocket = "console.sock";
    public const string ConsoleLog = "console.log";
    public const string VncSocket = "vnc.sock";
    public const string PeopleMonitorSocket = "monitor.sock";
    public const string GuestAgentSocket = "agent.sock";

    /// <summary>Disks and network interfaces that EC2 lets an instance have: slots for as many are there from the start.</summary>
    private const int AttachmentsMax = 28;

    /// <summary>Slots for disks that were taken away by force and whose device the guest still holds.</summary>
    private const int SparePorts = 3;

    /// <summary>QEMU keeps translated code up to this size, in MiB; its own default is a gibibyte an instance.</summary>
    private const int TranslationCacheMib = 256;

    private const string Vendor = "Amazon EC2";

    /// <summary>The program that runs machines of an architecture.</summary>
    public static string Program(string architecture) =>
        architecture == "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64";

    /// <summary>An argument that no other process has: by it a machine is found in the process table.</summary>
    public static string Marker(string directory) =>
        $"socket,id=console,path={Escape(directory)}/{ConsoleSocket},server=on,wait=off,logfile={Escape(directory)}/{ConsoleLog},logappend=on";

    /// <summary>The arguments, without the program's name.</summary>
    public static IReadOnlyList<string> Build(MachineConfig machine, QemuLaunch launch)
    {
        var arguments = new List<string>();
        AddBase(arguments, machine, launch);
        AddFirmware(arguments, launch);
        AddIdentity(arguments, machine);
        AddMonitors(arguments, launch);
        AddConsole(arguments, machine, launch);
        var ports = AddPorts(arguments, Math.Max(machine.Disks.Count + machine.Nics.Count, AttachmentsMax) + 1 + SparePorts);
        AddDisks(arguments, machine, launch, ports);
        AddNics(arguments, machine, launch, ports);
        AddGuestAgent(arguments, launch, ports);
        AddKernel(arguments, machine);
        return arguments;
    }

    private static void AddBase(List<string> arguments, MachineConfig machine, QemuLaunch launch)
    {
        var isArm = machine.Architecture == "arm64";
        var board = isArm ? "virt,gic-version=max" : "q35,smm=off,vmport=off";
        var isKvm = launch.Accelerator == "kvm";
        arguments.AddRange([
            "-name", $"guest={Escape(machine.Instance.Name)},debug-threads=on",
            "-nodefaults", "-no-user-config", "-display", "none",
            "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
            "-machine", $"{board},memory-backend=memory",
            "-accel", isKvm ? "kvm" : $"tcg,thread=multi,tb-size={TranslationCacheMib}",
            "-cpu", isKvm ? isArm ? "host" : "host,migratable=on" : "max",
            "-smp", $"cpus={machine.VCpus},sockets=1,cores={machine.VCpus},threads=1",
            "-m", $"size={machine.MemoryMib}M",
            "-object", $"memory-backend-ram,id=memory,size={machine.MemoryMib}M",
            "-rtc", "base=utc",

            // The process stays after the guest has shut down, so that this is known even if no daemon was there to see it.
            "-action", "shutdown=pause",
            "-boot", "strict=on",
            "-object", "rng-random,id=random,filename=/dev/urandom",
            "-device", "virtio-rng-pci,rng=random",
        ]);
    }

    private static void AddFirmware(List<string> arguments, QemuLaunch launch)
    {
        if (launch.Firmware is not { } firmware)
            return;
        arguments.AddRange(["-blockdev", Json(w =>
        {
            w.WriteString("driver", "file");
            w.WriteString("node-name", "uefi-code");
            w.WriteString("filename", firmware.CodePath);
            w.WriteBoolean("read-only", true);
        })]);
        arguments.AddRange(["-blockdev", Json(w =>
        {
            w.WriteString("driver", "file");
            w.WriteString("node-name", "uefi-variables");
            w.WriteString("filename", firmware.VariablesPath);
        })]);
        arguments.AddRange(["-machine", "pflash0=uefi-code,pflash1=uefi-variables"]);
    }

    /// <summary>SMBIOS as cloud-init's Ec2 data source and systemd-detect-virt want it: serial number equal to the UUID.</summary>
    private static void AddIdentity(List<string> arguments, MachineConfig machine)
    {
        var uuid = MachineIdentity.Uuid(machine.Instance.Name);
        arguments.AddRange([
            "-uuid", uuid,
            "-smbios", $"type=0,vendor={Vendor},version=1.0",
            "-smbios", $"type=1,manufacturer={Vendor},product={Escape(machine.InstanceType)},uuid={uuid},serial={uuid}",
            "-smbios", $"type=2,manufacturer={Vendor},asset={Escape(machine.Instance.Name)}",
            "-smbios", $"type=3,manufacturer={Vendor},asset={Vendor}",
        ]);
    }

    private static void AddMonitors(List<string> arguments, QemuLaunch launch) => arguments.AddRange([
        "-chardev", $"socket,id=qmp,fd={launch.MonitorFd},server=on,wait=off",
        "-mon", "chardev=qmp,mode=control",
        "-chardev", $"socket,id=people,path={Escape(launch.Directory)}/{PeopleMonitorSocket},server=on,wait=off",
        "-mon", "chardev=people,mode=control",
    ]);

    private static void AddConsole(List<string> arguments, MachineConfig machine, QemuLaunch launch)
    {
        arguments.AddRange([
            "-chardev", Marker(launch.Directory),
            "-serial", "chardev:console",
            "-vnc", $"unix:{Escape(launch.Directory)}/{VncSocket}",
        ]);
        if (machine.Architecture == "arm64")
            arguments.AddRange(["-device", "virtio-gpu-pci", "-device", "qemu-xhci", "-device", "usb-kbd"]);
        else
            arguments.AddRange(["-device", "VGA"]);
    }

    private static Queue<string> AddPorts(List<string> arguments, int count)
    {
        // Eight ports share a slot of the root bus: QEMU's multifunction addressing, slots from 0x10 on are free on q35.
        // Virtio devices on PCI Express need no I/O space, of which there is too little for so many.
        const int FirstSlot = 0x10;
        var ports = new Queue<string>();
        for (var i = 0; i < count; i++)
        {
            var multifunction = i % 8 == 0 ? ",multifunction=on" : "";
            arguments.AddRange(["-device", $"pcie-root-port,id=port{i},chassis={i + 1},addr=0x{FirstSlot + i / 8:x}.0x{i % 8},io-reserve=0{multifunction}"]);
            ports.Enqueue($"port{i}");
        }

        return ports;
    }

    private static void AddDisks(List<string> arguments, MachineConfig machine, QemuLaunch launch, Queue<string> ports)
    {
        arguments.AddRange(["-object", $"iothread,id={DiskNodes.IoThread}"]);
        for (var i = 0; i < machine.Disks.Count; i++)
        {
            var (disk, access) = (machine.Disks[i], launch.Disks[i]);
            arguments.AddRange(["-object", Json(w => DiskNodes.WriteGroup(w, DiskNodes.Top(disk.VolumeId), disk.Limits))]);
            if (access.SecretPath is { } secret)
                arguments.AddRange(["-object", Json(w => DiskNodes.WriteSecretFile(w, DiskNodes.Top(disk.VolumeId), secret))]);
            if (DiskNodes.HasClient(disk))
                arguments.AddRange(["-blockdev", Json(w => DiskNodes.WriteProtocol(w, DiskNodes.Protocol(DiskNodes.Top(disk.VolumeId)), disk.Source, access))]);
            arguments.AddRange(["-blockdev", Json(w => DiskNodes.WriteChain(w, disk, access))]);
            arguments.AddRange(["-device", $"virtio-blk-pci,{DiskNodes.DeviceArguments(disk)},bus={ports.Dequeue()},bootindex={i + 1}"]);
        }
    }

    private static void AddNics(List<string> arguments, MachineConfig machine, QemuLaunch launch, Queue<string> ports)
    {
        for (var i = 0; i < machine.Nics.Count; i++)
        {
            var (nic, handles) = (machine.Nics[i], launch.Nics[i]);
            var vhost = handles.VhostFd is { } fd ? $",vhost=on,vhostfd={fd}" : "";
            arguments.AddRange([
                "-netdev", $"tap,id=net{i},fd={handles.TapFd}{vhost}",

                // No boot ROM: nothing is booted from the network, and the firmware need not try.
                "-device", $"virtio-net-pci,id=nic{i},netdev=net{i},mac={Escape(nic.MacAddress)},bus={ports.Dequeue()},romfile=",
            ]);
        }
    }

    private static void AddGuestAgent(List<string> arguments, QemuLaunch launch, Queue<string> ports) => arguments.AddRange([
        "-device", $"virtio-serial-pci,id=serial,bus={ports.Dequeue()}",
        "-chardev", $"socket,id=agent,path={Escape(launch.Directory)}/{GuestAgentSocket},server=on,wait=off",
        "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
    ]);

    private static void AddKernel(List<string> arguments, MachineConfig machine)
    {
        if (machine.Kernel is not { } kernel)
            return;
        arguments.AddRange(["-kernel", kernel.Path, "-append", kernel.CommandLine]);
        if (kernel.InitrdPath is not null)
            arguments.AddRange(["-initrd", kernel.InitrdPath]);
    }

    /// <summary>In QEMU's "key=value,…" form a comma in a value is written twice.</summary>
    private static string Escape(string value) => value.Replace(",", ",,", StringComparison.Ordinal);

    private static string Json(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
