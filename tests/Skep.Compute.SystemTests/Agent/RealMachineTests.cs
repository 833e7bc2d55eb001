using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Linux.Processes;
using Skep.Networking.Kinds;
using Skep.Storage.Kinds;

namespace Skep.Compute.SystemTests.Agent;

/// <summary>Instances as real QEMU processes, through the agent.</summary>
public sealed class RealMachineTests(TinyGuest guest) : IClassFixture<TinyGuest>
{
    private const string Id = "i-0123456789abcdef0";
    private const int TimeoutMs = 180_000; // an emulated guest on a busy machine

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact(Timeout = TimeoutMs)]
    public async Task An_instance_boots_stops_by_its_power_button_starts_again_and_is_terminated()
    {
        await using var world = await World.CreateAsync(guest.Kernel());
        await world.CreateAsync(Id);
        var running = await world.WaitForStateAsync(Id, InstanceState.Running);
        Assert.Equal("tcg", running!.Status!.Acceleration);
        var console = await world.ConsoleAsync(Id, null, TinyGuest.Ready);
        Assert.Contains("uuid ec2", console, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("vendor Amazon EC2 product t9.tiny", console, StringComparison.Ordinal);

        await world.ChangeAsync(Id, s => s.RunState = InstanceRunState.Stopped);
        var stopped = await world.WaitForStateAsync(Id, InstanceState.Stopped);
        Assert.Equal("Client.UserInitiatedShutdown", stopped!.Status!.StateReason!.Code);
        Assert.Equal("User initiated (2026-01-02 03:04:05 GMT)", stopped.Status.StateTransitionReason);
        Assert.Null(ProcessIdentity.Of(running.Status.ProcessId!.Value));
        Assert.Contains("POWER BUTTON", System.Text.Encoding.UTF8.GetString(await Qemu.ConsoleLog.ReadTailAsync(world.Files.ConsoleLogOf(World.Key(Id)), Ct)), StringComparison.Ordinal);

        await world.ChangeAsync(Id, s => s.RunState = InstanceRunState.Running);
        await world.WaitForStateAsync(Id, InstanceState.Running);
        await world.ConsoleAsync(Id, null, TinyGuest.Ready, times: 2);
        await world.ConsoleAsync(Id, "echo again $((40+2))", "again 42");
        await world.ChangeAsync(Id, s => s.RunState = InstanceRunState.Terminated);
        await world.WaitForStateAsync(Id, InstanceState.Terminated);
        Assert.Empty(Directory.EnumerateFileSystemEntries(world.Files.Root));
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_restarted_daemon_takes_hold_of_running_machines_and_sees_what_happened_meanwhile()
    {
        await using var world = await World.CreateAsync(guest.Kernel());
        await world.CreateAsync(Id);
        var before = await world.WaitForStateAsync(Id, InstanceState.Running);
        await world.ConsoleAsync(Id, null, TinyGuest.Ready);

        await world.RestartAsync();
        await world.ConsoleAsync(Id, "echo alive $((40+2))", "alive 42");
        Assert.Equal(before!.Status!.ProcessId, world.Get(Id)!.Status!.ProcessId);

        // The guest shuts down while no daemon is there: the next one still learns that the guest wanted it.
        await world.RestartAsync(() => world.ConsoleAsync(Id, "poweroff -f", "Power down"));
        var stopped = await world.WaitForStateAsync(Id, InstanceState.Stopped);
        Assert.Equal("Client.InstanceInitiatedShutdown", stopped!.Status!.StateReason!.Code);
        Assert.Equal(InstanceRunState.Stopped, stopped.Spec.RunState);
        await DeleteAsync(world);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_killed_QEMU_is_noticed_and_the_instance_stops_with_the_reason()
    {
        await using var world = await World.CreateAsync(guest.Kernel());
        await world.CreateAsync(Id);
        var running = await world.WaitForStateAsync(Id, InstanceState.Running);
        await new CommandRunner(TimeProvider.System).CheckAsync(new Command("kill", "-9", $"{running!.Status!.ProcessId}"), Ct);
        var stopped = await world.WaitForStateAsync(Id, InstanceState.Stopped);
        Assert.Equal("Server.InternalError: QEMU was ended by signal 9", stopped!.Status!.StateReason!.Message);
        await DeleteAsync(world);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_guest_that_ignores_its_power_button_is_killed_after_the_deadline()
    {
        await using var world = await World.CreateAsync(guest.Kernel("deaf"));
        await world.CreateAsync(Id);
        await world.WaitForStateAsync(Id, InstanceState.Running);
        await world.ConsoleAsync(Id, null, TinyGuest.Ready);
        await world.ChangeAsync(Id, s => s.RunState = InstanceRunState.Stopped);
        await world.WaitForStateAsync(Id, InstanceState.Stopping);
        while (world.Get(Id)!.Status!.State != InstanceState.Stopped)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await DeleteAsync(world);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_reboot_starts_the_guest_anew_in_the_same_process()
    {
        await using var world = await World.CreateAsync(guest.Kernel());
        await world.CreateAsync(Id);
        var before = await world.WaitForStateAsync(Id, InstanceState.Running);
        await world.ConsoleAsync(Id, null, TinyGuest.Ready);
        await world.ChangeAsync(Id, s => s.Reboots = 1);
        var after = await world.WaitAsync(Id, i => i!.Status!.Reboots == 1);
        await world.ConsoleAsync(Id, null, TinyGuest.Ready, times: 2);
        await world.ConsoleAsync(Id, "echo back $((40+2))", "back 42");
        Assert.Equal(InstanceState.Running, after!.Status!.State);
        Assert.Equal(before!.Status!.ProcessId, after.Status.ProcessId);
        await DeleteAsync(world);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_disk_is_seen_by_the_guest_under_its_volume_id()
    {
        await using var world = await World.CreateAsync(guest.Kernel());
        var path = Path.Combine(world.DataDirectory, "volumes", "vol-0123456789abcdef0.raw");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, [.. "first 16 bytes.."u8, .. new byte[1024 * 1024 - 16]], Ct);
        await CreateVolumeAsync(world, path, "raw");
        await world.CreateAsync(Id, WithVolume);
        var instance = await world.WaitAsync(Id, i => i?.Status?.State is InstanceState.Running or InstanceState.Terminated);
        Assert.Null(instance!.Status!.StateReason?.Message);
        Assert.Contains("disk vol0123456789abcdef0 first 16 bytes..", await world.ConsoleAsync(Id, null, TinyGuest.Ready), StringComparison.Ordinal);
        await DeleteAsync(world);
        Assert.Null(world.Client.View.Get(StorageKinds.Volume.Key("default", "vol-0123456789abcdef0")));
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_corrupt_disk_terminates_the_launch_with_QEMUs_own_words()
    {
        await using var world = await World.CreateAsync(guest.Kernel());
        var path = Path.Combine(world.DataDirectory, "vol.qcow2");
        await File.WriteAllTextAsync(path, "this is no disk", Ct);
        await CreateVolumeAsync(world, path, "qcow2");
        await world.CreateAsync(Id, WithVolume);
        var instance = await world.WaitForStateAsync(Id, InstanceState.Terminated);
        Assert.Equal("Server.InternalError", instance!.Status!.StateReason!.Code);
        Assert.Contains("QEMU exited with code 1: ", instance.Status.StateReason.Message, StringComparison.Ordinal);
        Assert.Contains("qcow2", instance.Status.StateReason.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(world.Files.Root));
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_machine_is_found_again_even_if_the_daemon_ended_right_after_starting_it()
    {
        await using var world = await World.CreateAsync(guest.Kernel());
        await world.CreateAsync(Id);
        var before = await world.WaitForStateAsync(Id, InstanceState.Running);
        await world.RestartAsync(() =>
        {
            var record = world.Files.Read(World.Key(Id))!;
            world.Files.Write(World.Key(Id), record with { Process = null, IsStarting = true });
            return world.ChangeStatusAsync(Id, s => (s.State, s.ProcessId) = (InstanceState.Pending, null));
        });
        var after = await world.WaitForStateAsync(Id, InstanceState.Running);
        Assert.Equal(before!.Status!.ProcessId, after!.Status!.ProcessId);
        await DeleteAsync(world);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task What_is_left_of_an_instance_that_is_gone_is_removed_when_the_daemon_starts()
    {
        await using var world = await World.CreateAsync(guest.Kernel());
        await world.CreateAsync(Id);
        var running = await world.WaitForStateAsync(Id, InstanceState.Running);
        await world.RestartAsync(async () =>
        {
            await world.Client.DeleteAsync(World.Key(Id), Ct);
            await world.Client.ModifyAsync(ComputeKinds.Instance, World.Key(Id), i => i.Metadata.Finalizers!.Remove(Instance.Finalizer), Ct);
        });
        while (Directory.EnumerateFileSystemEntries(world.Files.Root).Any())
            await Task.Yield();
        Assert.Null(ProcessIdentity.Of(running!.Status!.ProcessId!.Value));
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_machine_without_a_kernel_boots_by_UEFI_with_variables_of_its_own()
    {
        Assert.SkipWhen(Qemu.FirmwareLocator.Find("x86_64", "/") is null, "no UEFI firmware is installed (package ovmf)");
        await using var world = await World.CreateAsync(kernel: null);
        await world.CreateAsync(Id);
        await world.WaitForStateAsync(Id, InstanceState.Running);
        await world.ConsoleAsync(Id, null, "BdsDxe");
        Assert.True(File.Exists(Path.Combine(world.Files.DirectoryOf(World.Key(Id)), "OVMF_VARS.fd")));
        await DeleteAsync(world);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_guest_reaches_its_network_through_the_tap_in_its_namespace()
    {
        const string Namespace = "skTst-compute";
        var kernel = guest.Kernel();
        var runner = new CommandRunner(TimeProvider.System);
        await using var world = await World.CreateAsync(kernel);
        var ip = new IpTool(runner);
        var user = await SystemUser.EnsureAsync(runner, "skep-vm", Ct);
        await NetworkNamespace.EnsureAsync(runner, Namespace, Ct);
        try
        {
            await Tap.EnsureAsync(ip, Namespace, "tap0", user, isMultiQueue: false, Ct);
            await runner.CheckAsync(new Command("ip", "-n", Namespace, "addr", "add", "10.9.0.1/24", "dev", "tap0"), Ct);
            await runner.CheckAsync(new Command("ip", "-n", Namespace, "link", "set", "tap0", "up"), Ct);
            await world.Client.CreateAsync(
                NetworkingKinds.NetworkInterface,
                new NetworkInterface
                {
                    Metadata = { Name = "eni-0123456789abcdef0", Namespace = "default" },
                    Spec = { VpcId = "vpc-1", SubnetId = "subnet-1", PrivateIpAddress = "10.9.0.2", MacAddress = "02:00:00:00:00:01", NodeName = "node", Attachment = new() { InstanceId = Id, DeleteOnTermination = true } },
                    Status = new() { State = "in-use", NetworkNamespace = Namespace, DeviceName = "tap0" },
                },
                Ct);
            await world.CreateAsync(Id, i => i.Spec.NetworkInterfaces = [new InstanceNetworkInterface { NetworkInterfaceId = "eni-0123456789abcdef0" }]);
            await world.WaitAsync(Id, i => i?.Status?.State is InstanceState.Running or InstanceState.Terminated);
            Assert.Null(world.Get(Id)!.Status!.StateReason?.Message);
            await world.ConsoleAsync(Id, null, TinyGuest.Ready);
            await world.ConsoleAsync(Id, "cat /sys/class/net/eth0/address; ip link set eth0 up; ip addr add 10.9.0.2/24 dev eth0; ping -c 3 10.9.0.1 && echo PONG $((40+2))", "PONG 42");
            await DeleteAsync(world);
        }
        finally
        {
            await NetworkNamespace.DeleteAsync(runner, Namespace, CancellationToken.None);
        }
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task A_missing_QEMU_is_named_with_its_package()
    {
        var path = Environment.GetEnvironmentVariable("PATH")!.Split(':');
        Assert.SkipWhen(path.Any(p => File.Exists(Path.Combine(p, "qemu-system-aarch64"))), "qemu-system-aarch64 is installed here");
        await using var world = await World.CreateAsync(guest.Kernel());
        await world.Client.CreateAsync(
            ComputeKinds.Image,
            new Image { Metadata = { Name = "ami-0123456789abcdef0", Namespace = "default" }, Spec = { Name = "for-arm", Architecture = "arm64" } },
            Ct);
        await world.CreateAsync(Id);
        var instance = await world.WaitForStateAsync(Id, InstanceState.Terminated);
        Assert.Equal("Server.InternalError: qemu-system-aarch64 is not installed: install the package qemu-system-arm", instance!.Status!.StateReason!.Message);
    }

    private static void WithVolume(Instance instance) =>
        instance.Spec.BlockDevices = [new InstanceBlockDevice { DeviceName = "/dev/xvda", VolumeId = "vol-0123456789abcdef0" }];

    private static Task CreateVolumeAsync(World world, string path, string format) => world.Client.CreateAsync(
        StorageKinds.Volume,
        new Volume
        {
            Metadata = { Name = "vol-0123456789abcdef0", Namespace = "default" },
            Spec = { SizeGib = 1, NodeName = "node", Attachment = new VolumeAttachment { InstanceId = Id, Device = "/dev/xvda", DeleteOnTermination = true } },
            Status = new VolumeStatus { State = "in-use", Path = path, Format = format },
        },
        Ct);

    private static async Task DeleteAsync(World world)
    {
        await world.Client.DeleteAsync(World.Key(Id), Ct);
        while (world.Get(Id) is not null)
        {
            // A guest that no longer listens is ended when its time is over.
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(world.Files.Root));
    }
}
