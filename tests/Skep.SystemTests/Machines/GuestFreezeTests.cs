using System.Text.Json.Nodes;

namespace Skep.SystemTests.Machines;

/// <summary>A guest whose agent freezes its file systems for snapshots: Debian's qemu-ga, put into the tiny guest.</summary>
[Collection(MachineCollection.Name)]
public sealed class GuestFreezeTests
{
    private const int Rounds = 5;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task File_systems_stand_still_for_a_moment_that_is_measured_and_go_on_whatever_happens()
    {
        foreach (var program in (string[])["aws", "ssh", "qemu-ga", "python3"])
            Assert.SkipUnless(HostSandbox.IsInstalled(program), $"{program} is not installed");
        var file = await TinyImage.EnsureAsync(Ct);
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var image = await cloud.RequireSkepAsync(Ct, "image", "import", file, "--name", "tiny", "--boot-mode", "uefi", "--user", "root");
        var key = Path.Combine(cloud.Scratch, "key.pem");
        await File.WriteAllTextAsync(key, await Aws(cloud, "create-key-pair", "--key-name", "walk", "--query", "KeyMaterial") + "\n", Ct);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        var id = await Aws(cloud, "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--key-name", "walk", "--query", "Instances[0].InstanceId");
        await Aws(cloud, "wait", "instance-running", "--instance-ids", id);
        var guest = new Guest(cloud, await Aws(cloud, "describe-instances", "--instance-ids", id, "--query", "Reservations[0].Instances[0].PrivateIpAddress"), key);
        await guest.WaitAsync(Ct);
        await StartAgentAsync(cloud, guest, key);
        await guest.RunAsync("(n=0; while :; do n=$((n+1)); echo $n > /root/n && sync; done) </dev/null >/dev/null 2>&1 &", Ct);

        var root = await Aws(cloud, "describe-instances", "--instance-ids", id, "--query", "Reservations[0].Instances[0].BlockDeviceMappings[0].Ebs.VolumeId");
        for (var round = 0; round < Rounds; round++)
        {
            var status = await SnapshotAsync(cloud, root);
            Assert.Equal("file-system", (string?)status["consistency"]);
            Assert.True((double)status["frozenMilliseconds"]! > 0, status.ToJsonString());
            TestContext.Current.TestOutputHelper?.WriteLine($"stood still for {status["frozenMilliseconds"]} ms");
            await WaitForCountAsync(guest);
        }

        // A daemon that dies while the guest stands still leaves it to the next.
        await FreezeAsync(cloud, id);
        await cloud.KillAsync(Ct);
        await File.WriteAllBytesAsync(Path.Combine(cloud.DataDirectory, "instances", $"{id}.json.held"), [], Ct);
        var stopped = await CountAsync(guest);
        Assert.Equal(stopped, await CountAsync(guest));
        await cloud.StartAsync(Ct);
        await WaitForCountAsync(guest);
        await Cloud.WaitAsync("the mark to be gone", () => Task.FromResult(File.Exists(Path.Combine(cloud.DataDirectory, "instances", $"{id}.json.held")) ? "it is there" : null), Ct);

        await Aws(cloud, "terminate-instances", "--instance-ids", id);
        await cloud.WaitForStateAsync(id, Ct, "terminated");
        await cloud.RequireNoLeaksAsync(Ct);
    }

    /// <summary>Copies the agent with its libraries into the guest and starts it on its channel.</summary>
    private static async Task StartAgentAsync(Cloud cloud, Guest guest, string key)
    {
        const string Send = """
            set -e -o pipefail
            agent=$(command -v qemu-ga)
            files=$(ldd "$agent" | grep -o '/[^ ]*')
            tar -chf - -C / --transform 's|.*/||' "${agent#/}" $(for f in $files; do echo "${f#/}"; done) |
              ssh -i "$0" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "root@$1" 'mkdir -p /opt/ga && tar -xf - -C /opt/ga'
            """;
        var sent = await cloud.Host.RunAsync(Ct, ["bash", "-c", Send, key, guest.Address]);
        Assert.True(sent.ExitCode == 0, sent.Error);
        await guest.RunAsync(
            """
            set -e
            for p in /sys/class/virtio-ports/*; do [ "$(cat $p/name)" = org.qemu.guest_agent.0 ] && port=$(basename $p); done
            mkdir -p /run/ga && mountpoint -q /run || mount -t tmpfs none /run/ga
            loader=$(ls /opt/ga/ld-linux*)
            ($loader --library-path /opt/ga /opt/ga/qemu-ga -m virtio-serial -p /dev/$port -t /run/ga -f /run/ga/pid </dev/null >/run/ga/log 2>&1 &)
            """, Ct);
    }

    private static async Task<JsonNode> SnapshotAsync(Cloud cloud, string volume)
    {
        var snapshot = await Aws(cloud, "create-snapshot", "--volume-id", volume, "--query", "SnapshotId");
        await Aws(cloud, "wait", "snapshot-completed", "--snapshot-ids", snapshot);
        return (await cloud.GetAsync($"/apis/storage.skep.dev/v1/namespaces/default/snapshots/{snapshot}", Ct))!["status"]!;
    }

    /// <summary>Freezes the guest by its agent, past the daemon.</summary>
    private static async Task FreezeAsync(Cloud cloud, string id)
    {
        const string Script = """
            import socket, sys
            agent = socket.socket(socket.AF_UNIX)
            agent.connect(sys.argv[1])
            agent.sendall(b'{"execute":"guest-fsfreeze-freeze"}\n')
            answer = agent.makefile().readline()
            assert '"return"' in answer, answer
            """;
        var result = await cloud.Host.RunAsync(Ct, ["python3", "-c", Script, Path.Combine(cloud.DataDirectory, "instances", id, "agent.sock")]);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    private static async Task<string> CountAsync(Guest guest) => await guest.RunAsync("cat /root/n", Ct);

    /// <summary>Waits until the guest has written again.</summary>
    private static async Task WaitForCountAsync(Guest guest)
    {
        var from = await CountAsync(guest);
        await Cloud.WaitAsync("the guest to go on writing", async () => await guest.TryAsync("cat /root/n", Ct) is (0, var now, _) && now != from ? null : "it does not", Ct);
    }

    private static Task<string> Aws(Cloud cloud, params string[] arguments) =>
        cloud.RequireClientAsync(Ct, ["aws", "ec2", .. arguments, "--output", "text"]);
}
