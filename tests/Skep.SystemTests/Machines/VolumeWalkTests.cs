using System.Globalization;

namespace Skep.SystemTests.Machines;

/// <summary>Disks that come to, grow in and leave a running guest, by the ordinary aws, over the daemon's sudden death.</summary>
[Collection(MachineCollection.Name)]
public sealed class VolumeWalkTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_volume_comes_grows_and_goes_while_the_guest_runs()
    {
        foreach (var program in (string[])["aws", "ssh"])
            Assert.SkipUnless(HostSandbox.IsInstalled(program), $"{program} is not installed");
        var file = await TinyImage.EnsureAsync(Ct);
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var image = await cloud.RequireSkepAsync(Ct, "image", "import", file, "--name", "tiny", "--boot-mode", "uefi", "--user", "root");
        var key = Path.Combine(cloud.Scratch, "key.pem");
        await File.WriteAllTextAsync(key, await Aws(cloud, "create-key-pair", "--key-name", "walk", "--query", "KeyMaterial") + "\n", Ct);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        var id = await Aws(cloud, "run-instances", "--image-id", image, "--instance-type", "t3.nano", "--key-name", "walk", "--block-device-mappings", "DeviceName=/dev/xvda,Ebs={VolumeSize=2,Encrypted=true}",
            "--query", "Instances[0].InstanceId");
        var volume = await Aws(cloud, "create-volume", "--availability-zone", "us-east-1a", "--size", "1", "--volume-type", "gp3", "--query", "VolumeId");
        await Aws(cloud, "wait", "instance-running", "--instance-ids", id);
        var guest = new Guest(cloud, await Aws(cloud, "describe-instances", "--instance-ids", id, "--query", "Reservations[0].Instances[0].PrivateIpAddress"), key);
        await guest.WaitAsync(Ct);
        Assert.Equal("2", await SizeAsync(guest, "vda"));

        // It comes.
        await Aws(cloud, "attach-volume", "--volume-id", volume, "--instance-id", id, "--device", "/dev/sdf");
        await WaitForAttachmentAsync(cloud, volume, "attached");
        await WaitForSizeAsync(guest, "1");
        Assert.Equal(volume.Replace("-", "", StringComparison.Ordinal), await guest.RunAsync("cat /sys/block/vdb/serial", Ct));
        Assert.Equal("sdf", await guest.RunAsync("imds meta-data/block-device-mapping/ebs1", Ct));
        await guest.RunAsync("echo carried over | dd of=/dev/vdb bs=512 seek=1000 conv=sync,fsync 2>/dev/null", Ct);

        // It grows, with the daemon dead in between.
        await Aws(cloud, "modify-volume", "--volume-id", volume, "--size", "3", "--throughput", "250");
        await cloud.KillAsync(Ct);
        await cloud.StartAsync(Ct);
        await WaitForSizeAsync(guest, "3");
        await Cloud.WaitAsync("the modification to complete", async () =>
            await Aws(cloud, "describe-volumes-modifications", "--volume-ids", volume, "--query", "VolumesModifications[0].ModificationState") is var state && state == "completed" ? null : state, Ct);
        Assert.Equal("250", await Aws(cloud, "describe-volumes", "--volume-ids", volume, "--query", "Volumes[0].Throughput"));
        Assert.Equal("carried over", await ReadBackAsync(guest));

        await CaptureTogetherAsync(cloud, guest, id, volume);
        await ReplaceRootAsync(cloud, guest, id);

        // It goes, with the daemon dead in between.
        await Aws(cloud, "detach-volume", "--volume-id", volume);
        await cloud.KillAsync(Ct);
        await cloud.StartAsync(Ct);
        await Aws(cloud, "wait", "volume-available", "--volume-ids", volume);
        Assert.Equal((1, ""), (await guest.TryAsync("cat /sys/block/vdb/size", Ct)) is var (code, output, _) ? (code, output) : default);

        await WalkEncryptedAsync(cloud, guest, id);

        // And comes again, to a guest that was off, and stays when the guest does not let go, until it is forced.
        await Aws(cloud, "stop-instances", "--instance-ids", id);
        await cloud.WaitForStateAsync(id, Ct, "stopped");
        await Aws(cloud, "attach-volume", "--volume-id", volume, "--instance-id", id, "--device", "/dev/sdg");
        await Aws(cloud, "start-instances", "--instance-ids", id);
        await cloud.WaitForStateAsync(id, Ct, "running");
        await guest.WaitAsync(Ct);
        Assert.Equal("carried over", await ReadBackAsync(guest));
        await MonitorAsync(cloud, id, "stop");
        await Aws(cloud, "detach-volume", "--volume-id", volume);
        await WaitForAttachmentAsync(cloud, volume, "busy");
        await Aws(cloud, "detach-volume", "--volume-id", volume, "--force");
        await Aws(cloud, "wait", "volume-available", "--volume-ids", volume);
        await Aws(cloud, "delete-volume", "--volume-id", volume);
        await Cloud.WaitAsync("the volume to be gone", async () => (await cloud.GetAsync($"/apis/storage.skep.dev/v1/namespaces/default/volumes/{volume}", Ct)) is null ? null : "it is there", Ct);
        await MonitorAsync(cloud, id, "cont");
        await WaitForSizeAsync(guest, "none");

        await Aws(cloud, "terminate-instances", "--instance-ids", id);
        await cloud.WaitForStateAsync(id, Ct, "terminated");
        await cloud.RequireNoLeaksAsync(Ct);
    }

    /// <summary>An encrypted volume: what the guest writes is on no disk of the host, and comes back attached again and restored.</summary>
    private static async Task WalkEncryptedAsync(Cloud cloud, Guest guest, string id)
    {
        const string Marker = "only-the-guest-may-read-this";
        var volume = await Aws(cloud, "create-volume", "--availability-zone", "us-east-1a", "--size", "1", "--encrypted", "--query", "VolumeId");
        await Aws(cloud, "wait", "volume-available", "--volume-ids", volume);
        await AttachAsync(volume);
        var written = await guest.RunAsync($"yes {Marker} | dd of=/dev/vdb bs=64k count=16 iflag=fullblock conv=fsync 2>/dev/null; {Sum}", Ct);
        var snapshot = await Aws(cloud, "create-snapshot", "--volume-id", volume, "--query", "SnapshotId");
        await Aws(cloud, "wait", "snapshot-completed", "--snapshot-ids", snapshot);
        await DetachAsync(volume);
        await AttachAsync(volume);
        Assert.Equal(written, await guest.RunAsync(Sum, Ct));
        await DetachAsync(volume);

        var restored = await Aws(cloud, "create-volume", "--availability-zone", "us-east-1a", "--snapshot-id", snapshot, "--query", "VolumeId");
        Assert.Equal("True", await Aws(cloud, "describe-volumes", "--volume-ids", restored, "--query", "Volumes[0].Encrypted"));
        await Aws(cloud, "wait", "volume-available", "--volume-ids", restored);
        await AttachAsync(restored);
        Assert.Equal(written, await guest.RunAsync(Sum, Ct));
        await DetachAsync(restored);

        var info = await cloud.Host.RunAsync(Ct, ["qemu-img", "info", "-U", "--output=json", Path.Combine(cloud.DataDirectory, "volumes", $"{volume}.qcow2")]);
        Assert.Contains("\"format\": \"luks\"", info.Output, StringComparison.Ordinal);
        foreach (var folder in (string[])["volumes", "snapshots", "instances"])
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(cloud.DataDirectory, folder), "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".sock", StringComparison.Ordinal)))
                Assert.False(HasText(file, Marker), $"{file} has what the guest wrote");
        }

        foreach (var done in (string[])[volume, restored])
            await Aws(cloud, "delete-volume", "--volume-id", done);

        async Task AttachAsync(string attached)
        {
            await Aws(cloud, "attach-volume", "--volume-id", attached, "--instance-id", id, "--device", "/dev/sdh");
            await WaitForAttachmentAsync(cloud, attached, "attached");
            await WaitForSizeAsync(guest, "1");
        }

        async Task DetachAsync(string attached)
        {
            await Aws(cloud, "detach-volume", "--volume-id", attached);
            await Aws(cloud, "wait", "volume-available", "--volume-ids", attached);
            await WaitForSizeAsync(guest, "none");
        }
    }

    private const string Sum = "dd if=/dev/vdb bs=64k count=32 iflag=direct 2>/dev/null | md5sum";

    private static bool HasText(string file, string text)
    {
        var wanted = System.Text.Encoding.ASCII.GetBytes(text);
        var buffer = new byte[1 << 20];
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var kept = 0; // the end of the part before: the text may lie across
        for (int count; (count = stream.Read(buffer, kept, buffer.Length - kept)) > 0;)
        {
            var part = buffer.AsSpan(0, kept + count);
            if (part.IndexOf(wanted) >= 0)
                return true;
            kept = Math.Min(part.Length, wanted.Length - 1);
            part[^kept..].CopyTo(buffer);
        }

        return false;
    }

    /// <summary>
    /// All volumes at one moment, while the guest writes a counter to two of them in turn: what the snapshots have is one
    /// apart at most, as after a power failure.
    /// </summary>
    private static async Task CaptureTogetherAsync(Cloud cloud, Guest guest, string id, string volume)
    {
        var second = await Aws(cloud, "create-volume", "--availability-zone", "us-east-1a", "--size", "1", "--volume-type", "gp3", "--query", "VolumeId");
        await Aws(cloud, "wait", "volume-available", "--volume-ids", second);
        await Aws(cloud, "attach-volume", "--volume-id", second, "--instance-id", id, "--device", "/dev/sdh");
        var disks = new[] { await WaitForDiskAsync(guest, volume), await WaitForDiskAsync(guest, second) };
        await guest.RunAsync(
            $"rm -f /tmp/halt; (n=10000000; while [ ! -e /tmp/halt ]; do n=$((n+1)); for d in {disks[0]} {disks[1]}; do echo $n | dd of=/dev/$d bs=512 seek=2000 conv=sync,fsync,notrunc || exit; done; done; touch /tmp/halted) </dev/null >/dev/null 2>&1 &",
            Ct);
        await Cloud.WaitAsync("the guest to count", async () => await CounterAsync(guest, disks[1]) is var n && n > 10_000_010 ? null : $"{n}", Ct);
        var snapshots = (await Aws(cloud, "create-snapshots", "--instance-specification", $"InstanceId={id}", "--description", "together", "--query", "Snapshots[].[VolumeId,SnapshotId]"))
            .Split('\n').Select(l => l.Split('\t')).ToDictionary(p => p[0], p => p[1]);
        Assert.Equal(3, snapshots.Count);
        var image = await Aws(cloud, "create-image", "--instance-id", id, "--name", "walk-image", "--no-reboot", "--query", "ImageId");
        await Aws(cloud, ["wait", "snapshot-completed", "--snapshot-ids", .. snapshots.Values]);
        await guest.RunAsync("touch /tmp/halt; until [ -e /tmp/halted ]; do sleep 0.1; done", Ct);
        Assert.Single((await Aws(cloud, ["describe-snapshots", "--snapshot-ids", .. snapshots.Values, "--query", "Snapshots[].[StartTime]"])).Split('\n').Distinct());

        var counters = new List<long>();
        foreach (var (device, source) in ((string, string)[])[("/dev/sdi", volume), ("/dev/sdj", second)])
        {
            var restored = await Aws(cloud, "create-volume", "--availability-zone", "us-east-1a", "--snapshot-id", snapshots[source], "--volume-type", "gp3", "--query", "VolumeId");
            await Aws(cloud, "wait", "volume-available", "--volume-ids", restored);
            await Aws(cloud, "attach-volume", "--volume-id", restored, "--instance-id", id, "--device", device);
            counters.Add(await CounterAsync(guest, await WaitForDiskAsync(guest, restored)));
            await Aws(cloud, "detach-volume", "--volume-id", restored);
            await Aws(cloud, "wait", "volume-available", "--volume-ids", restored);
            await Aws(cloud, "delete-volume", "--volume-id", restored);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"counters at the moment: {counters[0]} and {counters[1]}");
        Assert.True(counters[0] - counters[1] is 0 or 1, $"{counters[0]} and {counters[1]} are not of one moment");
        Assert.InRange(counters[1], 10_000_010, await CounterAsync(guest, disks[1]) - 1); // the guest went on meanwhile

        await Cloud.WaitAsync("the image to be available", async () =>
        {
            var state = await Aws(cloud, "describe-images", "--image-ids", image, "--query", "Images[0].[State,StateReason.Message]");
            Assert.False(state.StartsWith("failed", StringComparison.Ordinal), $"{image}: {state}");
            return state.StartsWith("available", StringComparison.Ordinal) ? null : state;
        }, Ct);
        Assert.Equal("3", await Aws(cloud, "describe-images", "--image-ids", image, "--query", "length(Images[0].BlockDeviceMappings)"));
        await Aws(cloud, "deregister-image", "--image-id", image);
        await Aws(cloud, "detach-volume", "--volume-id", second);
        await Aws(cloud, "wait", "volume-available", "--volume-ids", second);
        await Aws(cloud, "delete-volume", "--volume-id", second);
    }

    /// <summary>The root becomes what it was at the launch, with the daemon dead in between; everything else stays.</summary>
    private static async Task ReplaceRootAsync(Cloud cloud, Guest guest, string id)
    {
        await guest.RunAsync("echo mine > /root/mine && sync", Ct);
        var boot = await guest.BootIdAsync(Ct);
        var query = "Reservations[0].Instances[0].[PrivateIpAddress,NetworkInterfaces[0].NetworkInterfaceId,NetworkInterfaces[0].MacAddress]";
        var before = await Aws(cloud, "describe-instances", "--instance-ids", id, "--query", query);
        var task = await Aws(cloud, "create-replace-root-volume-task", "--instance-id", id, "--delete-replaced-root-volume", "--query", "ReplaceRootVolumeTask.ReplaceRootVolumeTaskId");
        await Cloud.WaitAsync("the task to begin", async () => await StateAsync() is var now && now != "pending" ? null : now, Ct);
        await cloud.KillAsync(Ct);
        await cloud.StartAsync(Ct);
        await Cloud.WaitAsync("the root to be replaced", async () => await StateAsync() is var now && now == "succeeded" ? null : now, Ct);
        await guest.WaitAsync(Ct);
        Assert.NotEqual(boot, await guest.BootIdAsync(Ct));
        Assert.Equal("none", await guest.RunAsync("cat /root/mine 2>/dev/null || echo none", Ct));
        Assert.Equal("carried over", await ReadBackAsync(guest));
        Assert.Equal(before, await Aws(cloud, "describe-instances", "--instance-ids", id, "--query", query));
        await Cloud.WaitAsync("the old root to be gone", async () => await Aws(cloud, "describe-volumes", "--query", "length(Volumes)") is var count && count == "2" ? null : count, Ct);

        Task<string> StateAsync() => Aws(cloud, "describe-replace-root-volume-tasks", "--replace-root-volume-task-ids", task, "--query", "ReplaceRootVolumeTasks[0].TaskState");
    }

    /// <summary>Waits until the guest has a volume; returns its name there.</summary>
    private static async Task<string> WaitForDiskAsync(Guest guest, string volume)
    {
        var disk = "";
        await Cloud.WaitAsync($"the guest to see {volume}", async () =>
        {
            disk = await guest.RunAsync($"for d in /sys/block/vd*; do [ \"$(cat $d/serial 2>/dev/null)\" = {volume.Replace("-", "", StringComparison.Ordinal)} ] && basename $d; done; true", Ct);
            return disk.Length > 0 ? null : "it does not";
        }, Ct);
        return disk;
    }

    private static async Task<long> CounterAsync(Guest guest, string disk) =>
        long.TryParse(await guest.RunAsync($"dd if=/dev/{disk} bs=512 skip=2000 count=1 iflag=direct 2>/dev/null | tr -d '\\000'", Ct), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>Gives a command to QEMU's monitor for people, as an administrator would.</summary>
    private static async Task MonitorAsync(Cloud cloud, string id, string command)
    {
        const string script = """
            import json, socket, sys
            monitor = socket.socket(socket.AF_UNIX)
            monitor.connect(sys.argv[1])
            lines = monitor.makefile("rw")
            lines.readline()
            for command in ["qmp_capabilities", sys.argv[2]]:
                lines.write(json.dumps({"execute": command}) + "\n")
                lines.flush()
                while True:
                    answer = json.loads(lines.readline())
                    if "return" in answer:
                        break
                    assert "error" not in answer, answer
            """;
        var result = await cloud.Host.RunAsync(Ct, ["python3", "-c", script, Path.Combine(cloud.DataDirectory, "instances", id, "monitor.sock"), command]);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    private static Task<string> ReadBackAsync(Guest guest) => guest.RunAsync("dd if=/dev/vdb bs=512 skip=1000 count=1 iflag=direct 2>/dev/null | tr -d '\\000'", Ct);

    private static async Task<string> SizeAsync(Guest guest, string disk) =>
        await guest.TryAsync($"echo $(($(cat /sys/block/{disk}/size) / 2097152))", Ct) is (0, var size, _) ? size : "none";

    private static Task WaitForSizeAsync(Guest guest, string gib) =>
        Cloud.WaitAsync($"the guest to see a second disk of {gib} GiB", async () => await SizeAsync(guest, "vdb") is var size && size == gib ? null : size, Ct);

    private static Task WaitForAttachmentAsync(Cloud cloud, string volume, string state) =>
        Cloud.WaitAsync($"{volume} to be {state}", async () =>
            await Aws(cloud, "describe-volumes", "--volume-ids", volume, "--query", "Volumes[0].Attachments[0].State") is var now && now == state ? null : now, Ct);

    private static Task<string> Aws(Cloud cloud, params string[] arguments) =>
        cloud.RequireClientAsync(Ct, ["aws", "ec2", .. arguments, "--output", "text"]);
}
