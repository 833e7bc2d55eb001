using System.Diagnostics;
using System.Globalization;

namespace Skep.SystemTests.Machines;

/// <summary>A log-structured volume with a file system under a running guest, while everything below it dies and comes back.</summary>
[Collection(MachineCollection.Name)]
public sealed class LogVolumeTests
{
    private const string Volume = "vol-000000000000000a1";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_sees_no_error_when_its_server_the_daemon_and_the_store_fail()
    {
        foreach (var program in (string[])["aws", "ssh"])
            Assert.SkipUnless(HostSandbox.IsInstalled(program), $"{program} is not installed");
        var file = await TinyImage.EnsureAsync(Ct);
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var image = await cloud.RequireSkepAsync(Ct, "image", "import", file, "--name", "tiny", "--boot-mode", "uefi", "--user", "root");
        var store = Path.Combine(cloud.Scratch, "store");
        Directory.CreateDirectory(store);
        await ApplyVolumeAsync(cloud, store);
        var key = Path.Combine(cloud.Scratch, "key.pem");
        await File.WriteAllTextAsync(key, await Aws(cloud, "create-key-pair", "--key-name", "walk", "--query", "KeyMaterial") + "\n", Ct);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        var id = await Aws(cloud, "run-instances", "--image-id", image, "--instance-type", "t3.nano", "--key-name", "walk", "--query", "Instances[0].InstanceId");
        await Aws(cloud, "wait", "instance-running", "--instance-ids", id);
        var guest = new Guest(cloud, await Aws(cloud, "describe-instances", "--instance-ids", id, "--query", "Reservations[0].Instances[0].PrivateIpAddress"), key);
        await guest.WaitAsync(Ct);
        await Aws(cloud, "attach-volume", "--volume-id", Volume, "--instance-id", id, "--device", "/dev/sdf");
        await Cloud.WaitAsync("the guest to see the disk", async () => (await guest.TryAsync("test -b /dev/vdb", Ct)).Code == 0 ? null : "it does not", Ct);
        await guest.RunAsync("mke2fs /dev/vdb >/dev/null 2>&1; mkdir -p /data && mount /dev/vdb /data", Ct);
        await WriteAsync(guest, 1);

        // The server alone: the daemon starts another.
        var server = ServerOf(cloud);
        Kill(server);
        await WriteAsync(guest, 2);
        Assert.NotEqual(server, ServerOf(cloud));

        // Server and daemon: the guest waits until the daemon is back.
        await cloud.KillAsync(Ct);
        Kill(ServerOf(cloud));
        var writing = WriteAsync(guest, 3);
        await cloud.StartAsync(Ct);
        await writing;

        // The store, away for as long as the log has room: nothing is felt.
        Directory.Move(store, store + ".away");
        await WriteAsync(guest, 4);
        Kill(ServerOf(cloud));
        Directory.Move(store + ".away", store);
        await WriteAsync(guest, 5);

        await guest.RunAsync("umount /data; echo 3 > /proc/sys/vm/drop_caches; mount /dev/vdb /data", Ct);
        for (var round = 1; round <= 5; round++)
            Assert.Equal("", await guest.RunAsync($"cd /data && md5sum -c sums{round} 2>&1 | grep -v ': OK$' || true", Ct));
        Assert.Equal("", await guest.RunAsync("dmesg | grep -E 'vdb.*error|error.*vdb|I/O error' || true", Ct));

        await ForceAsync(cloud, guest, id, store);

        // Off the guest it is drained, and nothing is left of it once it is deleted.
        await guest.RunAsync("umount /data", Ct);
        await Aws(cloud, "detach-volume", "--volume-id", Volume);
        await Aws(cloud, "wait", "volume-available", "--volume-ids", Volume);
        await Cloud.WaitAsync("the server to end", () => Task.FromResult(FindServer(cloud) is null ? null : "it runs"), Ct);
        await Aws(cloud, "delete-volume", "--volume-id", Volume);
        await Cloud.WaitAsync("the volume's objects to be gone", () => Task.FromResult(Directory.EnumerateFiles(store, "*", SearchOption.AllDirectories).FirstOrDefault()), Ct);
        await Aws(cloud, "terminate-instances", "--instance-ids", id);
        await cloud.WaitForStateAsync(id, Ct, "terminated");
        await cloud.RequireNoLeaksAsync(Ct);
    }

    /// <summary>A server that cannot come back, and a guest that waits for it: the volume is taken away by force, and nothing else is touched.</summary>
    private static async Task ForceAsync(Cloud cloud, Guest guest, string id, string store)
    {
        await guest.RunAsync("umount /data", Ct);
        Directory.Move(store, store + ".away");
        File.WriteAllText(store, ""); // nor can it be made anew
        Kill(ServerOf(cloud));
        await guest.RunAsync("(dd if=/dev/vdb of=/dev/null bs=64k skip=15000 count=1 iflag=direct; echo $? > /tmp/ended) </dev/null >/dev/null 2>&1 &", Ct);
        await Aws(cloud, "detach-volume", "--volume-id", Volume, "--force");
        await guest.RunAsync("for i in 1 2 3 4 5 6 7 8 9 10; do dd if=/dev/urandom of=/root/other bs=64k count=1 conv=fsync 2>/dev/null || exit 1; sleep 1; done", Ct);
        await Aws(cloud, "wait", "volume-available", "--volume-ids", Volume);
        await Cloud.WaitAsync("the guest to be told", async () => await guest.TryAsync("cat /tmp/ended", Ct) is (0, not "0", _) ? null : "it waits", Ct);
        Assert.Equal("", await guest.RunAsync("dmesg | grep -E 'vda.*error|error.*vda' || true", Ct));
        await Cloud.WaitAsync("the disk to be gone", async () => (await guest.TryAsync("test -e /sys/block/vdb", Ct)).Code == 1 ? null : "it is there", Ct);

        // The store is back: so is all that was acknowledged.
        // At one blow: a server that is being started makes a directory that is not there.
        File.CreateSymbolicLink(store + ".link", store + ".away");
        Assert.Equal(0, (await SkepProgram.RunAsync("mv", ["-T", store + ".link", store], Ct)).ExitCode);
        await Aws(cloud, "attach-volume", "--volume-id", Volume, "--instance-id", id, "--device", "/dev/sdf");
        await Cloud.WaitAsync("the guest to see the disk again", async () => (await guest.TryAsync("test -b /dev/vdb && mount /dev/vdb /data", Ct)).Code == 0 ? null : "it does not", Ct);
        Assert.Equal("", await guest.RunAsync("cd /data && md5sum -c sums5 2>&1 | grep -v ': OK$' || true", Ct));
    }

    private static async Task ApplyVolumeAsync(Cloud cloud, string store)
    {
        var manifest = Path.Combine(cloud.Scratch, "volume.yaml");
        await File.WriteAllTextAsync(manifest, $$"""
            apiVersion: storage.skep.dev/v1
            kind: StoragePool
            metadata: { name: logs }
            spec: { class: log, store: "file://{{store}}", compress: true }
            ---
            apiVersion: storage.skep.dev/v1
            kind: Volume
            metadata: { name: {{Volume}}, namespace: default }
            spec: { sizeGib: 1, volumeType: gp3, poolName: logs, availabilityZone: us-east-1a, encrypted: true }
            """, Ct);
        await cloud.RequireSkepAsync(Ct, "apply", "-f", manifest);
        await Aws(cloud, "wait", "volume-available", "--volume-ids", Volume);
    }

    /// <summary>Writes files whose sums are known, durably.</summary>
    private static Task WriteAsync(Guest guest, int round) => guest.RunAsync(
        $"for i in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/data/f{round}-$i bs=64k count=4 conv=fsync 2>/dev/null || exit 1; done; cd /data && md5sum f{round}-* > sums{round} && sync", Ct);

    private static int ServerOf(Cloud cloud) => FindServer(cloud) ?? throw new InvalidOperationException("the volume has no server");

    private static int? FindServer(Cloud cloud)
    {
        var socket = Path.Combine(cloud.DataDirectory, "servers", $"{Volume}.sock");
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(directory, "cmdline")).Split('\0').Contains(socket))
                    return int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It has just ended.
            }
        }

        return null;
    }

    private static void Kill(int processId)
    {
        using var process = Process.GetProcessById(processId);
        process.Kill();
        process.WaitForExit();
    }

    private static Task<string> Aws(Cloud cloud, params string[] arguments) =>
        cloud.RequireClientAsync(Ct, ["aws", "ec2", .. arguments, "--output", "text"]);
}
