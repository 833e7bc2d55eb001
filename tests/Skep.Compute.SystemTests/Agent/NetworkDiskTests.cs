using System.Diagnostics;
using Skep.Compute.Kinds;
using Skep.Storage.Kinds;

namespace Skep.Compute.SystemTests.Agent;

/// <summary>Disks that an NBD server serves to a real guest; qemu-nbd stands for the server.</summary>
public sealed class NetworkDiskTests(TinyGuest guest) : IClassFixture<TinyGuest>
{
    private const string Id = "i-0123456789abcdef0";
    private const string VolumeId = "vol-0123456789abcdef0";
    private const int TimeoutMs = 180_000; // an emulated guest on a busy machine

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact(Timeout = TimeoutMs)]
    public async Task A_guest_waits_for_a_server_that_dies_and_comes_back()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-nbd"), "qemu-nbd is not installed (Debian package qemu-utils)");
        await using var world = await World.CreateAsync(guest.Kernel());
        var folder = Directory.CreateDirectory(Path.Combine(world.DataDirectory, "volumes")).FullName;
        await world.CreateAsync(Id);
        await world.WaitForStateAsync(Id, InstanceState.Running);
        await world.ConsoleAsync(Id, null, TinyGuest.Ready);
        var file = Path.Combine(folder, "disk.raw");
        await using (var disk = File.Create(file))
            disk.SetLength(1L << 30);
        var socket = Path.Combine(folder, "nbd.sock");
        var server = await ServeAsync(file, socket);
        try
        {
            await AttachAsync(world, socket);
            await world.WaitAsync(Id, i => i?.Status?.BlockDevices?.Exists(d => d.State == DiskState.Attached) is true);
            await world.ConsoleAsync(Id, "until [ -b /dev/vda ]; do sleep 1; done; echo sectors=$(cat /sys/block/vda/size)", "sectors=2097152");
            await world.ConsoleAsync(Id, "echo first | dd of=/dev/vda bs=512 conv=sync,fsync 2>/dev/null; echo wrote=$?", "wrote=0");

            server.Kill();
            await server.WaitForExitAsync(Ct);
            await world.ConsoleAsync(Id, "(echo second | dd of=/dev/vda seek=8 bs=512 conv=sync,fsync 2>/dev/null; echo then=$?) & sleep 2; echo wait$((1))", "wait1");
            server = await ServeAsync(file, socket);
            await world.ConsoleAsync(Id, "wait; echo waited=$((40+2))", "waited=42");
            var console = System.Text.Encoding.UTF8.GetString(await Qemu.ConsoleLog.ReadTailAsync(world.Files.ConsoleLogOf(World.Key(Id)), Ct));
            Assert.Contains("then=0", console, StringComparison.Ordinal);
            await world.ConsoleAsync(Id, "echo errors=$(dmesg | grep -ci 'i/o error')", "errors=0");
            await using (var disk = File.OpenRead(file))
            {
                var sectors = new byte[16 * 512];
                await disk.ReadExactlyAsync(sectors, Ct);
                Assert.StartsWith("first\n", System.Text.Encoding.ASCII.GetString(sectors), StringComparison.Ordinal);
                Assert.StartsWith("second\n", System.Text.Encoding.ASCII.GetString(sectors, 8 * 512, 512), StringComparison.Ordinal);
            }

            await world.Client.ModifyAsync(StorageKinds.Volume, StorageKinds.Volume.Key("default", VolumeId), v => { v.Spec.Attachment!.Detach = VolumeDetach.Requested; v.Spec.Attachment.DetachTime = world.Clock.GetUtcNow(); return true; }, Ct);
            await world.WaitAsync(Id, i => i!.Spec.BlockDevices.Count == 0);
            await world.ConsoleAsync(Id, "[ -e /sys/block/vda ] || echo gone=$((40+2))", "gone=42");
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
            server.Dispose();
        }

        await world.ChangeAsync(Id, s => s.RunState = InstanceRunState.Terminated);
        await world.WaitForStateAsync(Id, InstanceState.Terminated);
    }

    /// <summary>Starts a server on a socket that the user of machines may use, and waits for it to listen.</summary>
    private static async Task<Process> ServeAsync(string file, string socket)
    {
        File.Delete(socket);
        var directory = Path.GetDirectoryName(socket)!;
        using var watcher = new FileSystemWatcher(directory) { EnableRaisingEvents = true };
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Created += (_, e) =>
        {
            if (e.FullPath == socket)
                listening.TrySetResult();
        };
        var server = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "umask 0; exec qemu-nbd -t -e 8 -f raw -k \"$0\" -x disk \"$1\"", socket, file]))!;
        await listening.Task.WaitAsync(Ct);
        return server;
    }

    private static async Task AttachAsync(World world, string socket)
    {
        await world.Client.CreateAsync(
            StorageKinds.Volume,
            new Volume
            {
                Metadata = { Name = VolumeId, Namespace = "default" },
                Spec = { SizeGib = 1, NodeName = "node", Attachment = new() { InstanceId = Id, Device = "/dev/sdf" } },
                Status = new() { State = "in-use", NbdSocket = socket, NbdExport = "disk", SizeGib = 1, Limits = new() { Iops = 3_000, BytesPerSecond = 125 << 20, OperationBytes = 256 << 10 } },
            },
            Ct);
        await world.ChangeAsync(Id, s => s.BlockDevices.Add(new() { DeviceName = "/dev/sdf", VolumeId = VolumeId, DeleteOnTermination = false }));
    }
}
