using System.Text.Json.Nodes;

namespace Skep.SystemTests.Machines;

/// <summary>A log-structured volume that grows under a guest, and whose snapshots copy what has changed.</summary>
[Collection(MachineCollection.Name)]
public sealed class LogVolumeGrowthTests
{
    private const string Volume = "vol-000000000000000a2";
    private const long MiB = 1 << 20;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_grows_and_is_captured_by_its_changes_while_the_guest_writes()
    {
        foreach (var program in (string[])["aws", "ssh"])
            Assert.SkipUnless(HostSandbox.IsInstalled(program), $"{program} is not installed");
        var file = await TinyImage.EnsureAsync(Ct);
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var image = await cloud.RequireSkepAsync(Ct, "image", "import", file, "--name", "tiny", "--boot-mode", "uefi", "--user", "root");
        await MakeVolumeAsync(cloud);
        var key = Path.Combine(cloud.Scratch, "key.pem");
        await File.WriteAllTextAsync(key, await Aws(cloud, "create-key-pair", "--key-name", "walk", "--query", "KeyMaterial") + "\n", Ct);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        var id = await Aws(cloud, "run-instances", "--image-id", image, "--instance-type", "t3.nano", "--key-name", "walk", "--query", "Instances[0].InstanceId");
        await Aws(cloud, "wait", "instance-running", "--instance-ids", id);
        var guest = new Guest(cloud, await Aws(cloud, "describe-instances", "--instance-ids", id, "--query", "Reservations[0].Instances[0].PrivateIpAddress"), key);
        await guest.WaitAsync(Ct);
        await AttachAsync(cloud, guest, id, Volume, "/dev/sdf");
        await guest.RunAsync("dd if=/dev/urandom of=/dev/vdb bs=64k seek=16 count=64 conv=fsync 2>/dev/null", Ct);
        await guest.RunAsync(
            "(n=0; while [ ! -e /tmp/halt ]; do n=$((n+1)); echo $n > /tmp/n; dd if=/tmp/n of=/dev/vdb bs=512 seek=8 conv=sync,fsync,notrunc 2>/dev/null || { touch /tmp/failed; exit; }; done; touch /tmp/halted) </dev/null >/dev/null 2>&1 &",
            Ct);

        await GrowAsync(cloud, guest, id);
        await CaptureAsync(cloud, guest, id);

        Assert.Equal("no", await guest.RunAsync("test -e /tmp/failed && echo yes || echo no", Ct));
        Assert.Equal("", await guest.RunAsync("dmesg | grep -E 'vdb.*error|error.*vdb|I/O error' || true", Ct));
        await Aws(cloud, "terminate-instances", "--instance-ids", id);
        await cloud.WaitForStateAsync(id, Ct, "terminated");
        await Aws(cloud, "delete-volume", "--volume-id", Volume);
        await cloud.RequireNoLeaksAsync(Ct);
    }

    /// <summary>It grows twice under the guest, the second time with the daemon dead in between.</summary>
    private static async Task GrowAsync(Cloud cloud, Guest guest, string id)
    {
        var sum = await SumAsync(guest, "vdb");
        await cloud.RequireSkepAsync(Ct, "volume", "grow", Volume, "--size", "2");
        await WaitForSizeAsync(guest, 2);
        await guest.RunAsync("dd if=/dev/urandom of=/dev/vdb bs=64k seek=32752 count=16 conv=fsync 2>/dev/null", Ct); // the last MiB
        await WaitForModificationAsync(cloud);
        await cloud.RequireSkepAsync(Ct, "volume", "grow", Volume, "--size", "3");
        await cloud.KillAsync(Ct);
        await cloud.StartAsync(Ct);
        await WaitForSizeAsync(guest, 3);
        Assert.Equal(sum, await SumAsync(guest, "vdb"));
        await WaitForCountAsync(guest);
        await WaitForModificationAsync(cloud);
        Assert.Equal(3, (long)(await VolumeAsync(cloud))["status"]!["sizeGib"]!);

        // Off and on it has the same size: the store knows it.
        var tail = await TailAsync(guest, "vdb");
        await guest.RunAsync("touch /tmp/halt; until [ -e /tmp/halted ]; do sleep 0.1; done; rm /tmp/halt /tmp/halted", Ct);
        await DetachAsync(cloud, guest, Volume);
        await AttachAsync(cloud, guest, id, Volume, "/dev/sdf");
        await WaitForSizeAsync(guest, 3);
        Assert.Equal((sum, tail), (await SumAsync(guest, "vdb"), await TailAsync(guest, "vdb")));
    }

    private static async Task CaptureAsync(Cloud cloud, Guest guest, string id)
    {
        // The first is all that was ever written, in blocks of 512 KiB; not the 3 GiB.
        var first = await SnapshotAsync(cloud);
        Assert.Null(first["status"]!["baseSnapshotId"]);
        Assert.InRange((long)first["status"]!["readBytes"]!, 5 * MiB, 8 * MiB);

        // The next is one block, over a restart of everything but the guest.
        await guest.RunAsync("dd if=/dev/urandom of=/dev/vdb bs=64k seek=20 count=2 conv=fsync,notrunc 2>/dev/null", Ct);
        await cloud.KillAsync(Ct);
        await cloud.StartAsync(Ct);
        var second = await SnapshotAsync(cloud);
        Assert.Equal((NameOf(first), MiB / 2, "crash"), ((string?)second["status"]!["baseSnapshotId"], (long)second["status"]!["readBytes"]!, (string?)second["status"]!["consistency"]));

        // And after it was detached, where nobody writes.
        var (sum, tail) = (await SumAsync(guest, "vdb"), await TailAsync(guest, "vdb"));
        await DetachAsync(cloud, guest, Volume);
        var third = await SnapshotAsync(cloud);
        Assert.Equal((NameOf(second), 0, "offline"), ((string?)third["status"]!["baseSnapshotId"], (long)third["status"]!["readBytes"]!, (string?)third["status"]!["consistency"]));

        // What comes of it, in a file, is the same.
        var restored = await Aws(cloud, "create-volume", "--availability-zone", "us-east-1a", "--snapshot-id", NameOf(third), "--volume-type", "gp3", "--query", "VolumeId");
        await Aws(cloud, "wait", "volume-available", "--volume-ids", restored);
        await AttachAsync(cloud, guest, id, restored, "/dev/sdg");
        Assert.Equal((sum, tail), (await SumAsync(guest, "vdb"), await TailAsync(guest, "vdb")));
        await DetachAsync(cloud, guest, restored);
        await Aws(cloud, "delete-volume", "--volume-id", restored);

        // Without the one before it there is nothing to compare with.
        await Aws(cloud, "delete-snapshot", "--snapshot-id", NameOf(third));
        await Cloud.WaitAsync("the snapshot to be gone", async () => await cloud.GetAsync(PathOf(NameOf(third)), Ct) is null ? null : "it is there", Ct);
        await AttachAsync(cloud, guest, id, Volume, "/dev/sdf");
        var fourth = await SnapshotAsync(cloud);
        Assert.Null(fourth["status"]!["baseSnapshotId"]);
        Assert.InRange((long)fourth["status"]!["readBytes"]!, 5 * MiB, 8 * MiB);
    }

    private static async Task<JsonNode> SnapshotAsync(Cloud cloud)
    {
        var snapshot = await Aws(cloud, "create-snapshot", "--volume-id", Volume, "--query", "SnapshotId");
        JsonNode? made = null;
        await Cloud.WaitAsync($"{snapshot} to be complete", async () =>
        {
            made = await cloud.GetAsync(PathOf(snapshot), Ct);
            Assert.NotEqual("error", (string?)made!["status"]?["state"]);
            return (string?)made["status"]?["state"] == "completed" ? null : made["status"]?.ToJsonString() ?? "";
        }, Ct);
        TestContext.Current.TestOutputHelper?.WriteLine(made!["status"]!.ToJsonString());
        return made!;
    }

    private static string PathOf(string snapshot) => $"/apis/storage.skep.dev/v1/namespaces/default/snapshots/{snapshot}";

    private static string NameOf(JsonNode resource) => (string)resource["metadata"]!["name"]!;

    private static async Task<JsonNode> VolumeAsync(Cloud cloud) => (await cloud.GetAsync($"/apis/storage.skep.dev/v1/namespaces/default/volumes/{Volume}", Ct))!;

    private static async Task MakeVolumeAsync(Cloud cloud)
    {
        var store = Path.Combine(cloud.Scratch, "store");
        Directory.CreateDirectory(store);
        var manifest = Path.Combine(cloud.Scratch, "volume.yaml");
        await File.WriteAllTextAsync(manifest, $$"""
            apiVersion: storage.skep.dev/v1
            kind: StoragePool
            metadata: { name: logs }
            spec: { class: log, store: "file://{{store}}" }
            ---
            apiVersion: storage.skep.dev/v1
            kind: Volume
            metadata: { name: {{Volume}}, namespace: default }
            spec: { sizeGib: 1, volumeType: gp3, poolName: logs, availabilityZone: us-east-1a }
            """, Ct);
        await cloud.RequireSkepAsync(Ct, "apply", "-f", manifest);
        await Aws(cloud, "wait", "volume-available", "--volume-ids", Volume);
    }

    private static async Task AttachAsync(Cloud cloud, Guest guest, string id, string volume, string device)
    {
        await Aws(cloud, "attach-volume", "--volume-id", volume, "--instance-id", id, "--device", device);
        await Cloud.WaitAsync("the guest to see the disk", async () => (await guest.TryAsync("test -b /dev/vdb", Ct)).Code == 0 ? null : "it does not", Ct);
    }

    private static async Task DetachAsync(Cloud cloud, Guest guest, string volume)
    {
        await Aws(cloud, "detach-volume", "--volume-id", volume);
        await Aws(cloud, "wait", "volume-available", "--volume-ids", volume);
        await Cloud.WaitAsync("the disk to be gone", async () => (await guest.TryAsync("test -e /sys/block/vdb", Ct)).Code == 1 ? null : "it is there", Ct);
    }

    /// <summary>The sum of what was written at first, which nobody overwrites before the snapshots.</summary>
    private static Task<string> SumAsync(Guest guest, string disk) => guest.RunAsync($"dd if=/dev/{disk} bs=64k skip=16 count=64 iflag=direct 2>/dev/null | md5sum", Ct);

    /// <summary>The sum of the last MiB of the second of its GiB.</summary>
    private static Task<string> TailAsync(Guest guest, string disk) => guest.RunAsync($"dd if=/dev/{disk} bs=64k skip=32752 count=16 iflag=direct 2>/dev/null | md5sum", Ct);

    private static Task WaitForSizeAsync(Guest guest, long gib) => Cloud.WaitAsync($"the guest to see {gib} GiB", async () =>
        await guest.RunAsync("cat /sys/block/vdb/size", Ct) is var sectors && sectors == $"{gib << 21}" ? null : $"{sectors} sectors", Ct);

    private static Task WaitForModificationAsync(Cloud cloud) => Cloud.WaitAsync("the modification to complete", async () =>
        await Aws(cloud, "describe-volumes-modifications", "--volume-ids", Volume, "--query", "VolumesModifications[0].ModificationState") is var state && state == "completed" ? null : state, Ct);

    /// <summary>Waits until the guest has written ten times more.</summary>
    private static async Task WaitForCountAsync(Guest guest)
    {
        int? from = null;
        await Cloud.WaitAsync("the guest to go on writing", async () =>
        {
            // The file is empty for a moment whenever it is written.
            if (!int.TryParse((await guest.TryAsync("cat /tmp/n", Ct)).Output, out var now))
                return "no count";
            from ??= now;
            return now > from + 10 ? null : $"{now} writes, {from} at first";
        }, Ct);
    }

    private static Task<string> Aws(Cloud cloud, params string[] arguments) =>
        cloud.RequireClientAsync(Ct, ["aws", "ec2", .. arguments, "--output", "text"]);
}
