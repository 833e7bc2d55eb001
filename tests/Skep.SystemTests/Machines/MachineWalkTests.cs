using System.Text.Json.Nodes;

namespace Skep.SystemTests.Machines;

/// <summary>The life of a real machine from nothing to nothing, by the ordinary aws, kubectl and ssh.</summary>
[Collection(MachineCollection.Name)]
public sealed class MachineWalkTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_runs_answers_outlives_the_daemon_and_goes_without_a_trace()
    {
        foreach (var program in (string[])["aws", "kubectl", "ssh"])
            Assert.SkipUnless(HostSandbox.IsInstalled(program), $"{program} is not installed");
        var file = await TinyImage.EnsureAsync(Ct);
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var image = await cloud.RequireSkepAsync(Ct, "image", "import", file, "--name", "tiny", "--boot-mode", "uefi", "--user", "root");

        // Run.
        var key = Path.Combine(cloud.Scratch, "key.pem");
        await File.WriteAllTextAsync(key, await Aws(cloud, "create-key-pair", "--key-name", "walk", "--query", "KeyMaterial") + "\n", Ct);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        const string userData = "#!/bin/sh\necho user data ran >/root/proof\n";
        var id = await Aws(cloud, "run-instances", "--image-id", image, "--instance-type", "t3.nano", "--key-name", "walk", "--user-data", userData, "--query", "Instances[0].InstanceId");
        await Aws(cloud, "wait", "instance-running", "--instance-ids", id);
        var guest = new Guest(cloud, await Aws(cloud, "describe-instances", "--instance-ids", id, "--query", "Reservations[0].Instances[0].PrivateIpAddress"), key);

        // It answers, and knows who it is.
        await guest.WaitAsync(Ct);
        Assert.Equal(id, await guest.RunAsync("imds meta-data/instance-id", Ct));
        Assert.Equal("t3.nano", await guest.RunAsync("imds meta-data/instance-type", Ct));
        Assert.Equal(image, await guest.RunAsync("imds meta-data/ami-id", Ct));
        Assert.Equal(guest.Address, await guest.RunAsync("imds meta-data/local-ipv4", Ct));
        Assert.Equal(userData.Trim(), await guest.RunAsync("imds user-data", Ct));
        await Cloud.WaitAsync("the user data to run", async () => await guest.TryAsync("cat /root/proof", Ct) is (0, "user data ran", _) ? null : "no proof yet", Ct);
        Assert.Contains(id, await cloud.RequireClientAsync(Ct, "kubectl", "get", "instances"), StringComparison.Ordinal);
        await Cloud.WaitAsync("the console to say skep-tiny ready", async () =>
            await Aws(cloud, "get-console-output", "--instance-id", id, "--latest", "--query", "Output") is var console && console.Contains("skep-tiny ready", StringComparison.Ordinal) ? null : console, Ct);

        // It does not notice that the daemon dies and comes back.
        var processId = (int)(await InstanceAsync(cloud, id))["status"]!["processId"]!;
        var boot = await guest.BootIdAsync(Ct);
        await cloud.KillAsync(Ct);
        Assert.Equal(boot, await guest.BootIdAsync(Ct));
        await cloud.StartAsync(Ct);
        var found = await cloud.WaitForStateAsync(id, Ct, "running");
        Assert.Equal(processId, (int)found["status"]!["processId"]!);
        Assert.Equal("running", await Aws(cloud, "describe-instances", "--instance-ids", id, "--query", "Reservations[0].Instances[0].State.Name"));
        Assert.Equal(boot, await guest.BootIdAsync(Ct));
        Assert.Equal(id, await guest.RunAsync("imds meta-data/instance-id", Ct));

        // Stopped by its power button, it keeps its disk and its address.
        await guest.RunAsync("echo kept >/root/kept; sync", Ct);
        await Aws(cloud, "stop-instances", "--instance-ids", id);
        var stopped = await cloud.WaitForStateAsync(id, Ct, "stopped");
        Assert.Equal("Client.UserInitiatedShutdown", (string?)stopped["status"]!["stateReason"]!["code"]);
        Assert.Empty(Leaks.Processes(cloud.DataDirectory));
        await Aws(cloud, "start-instances", "--instance-ids", id);
        await cloud.WaitForStateAsync(id, Ct, "running");
        await guest.WaitAsync(Ct);
        Assert.Equal("kept", await guest.RunAsync("cat /root/kept", Ct));
        var secondBoot = await guest.BootIdAsync(Ct);
        Assert.NotEqual(boot, secondBoot);

        await Aws(cloud, "reboot-instances", "--instance-ids", id);
        await Cloud.WaitAsync("another boot", async () => await guest.TryAsync("cat /proc/sys/kernel/random/boot_id", Ct) is (0, var now, _) && now != secondBoot ? null : "the same boot, or no answer", Ct);
        Assert.Equal("kept", await guest.RunAsync("cat /root/kept", Ct));

        // And goes.
        await Aws(cloud, "terminate-instances", "--instance-ids", id);
        await cloud.WaitForStateAsync(id, Ct, "terminated");
        await cloud.RequireNoLeaksAsync(Ct);
    }

    [Fact]
    public async Task Purge_takes_running_machines_along()
    {
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var disk = Path.Combine(cloud.Scratch, "button.raw");
        await ButtonDisk.WriteAsync(disk, Ct);
        var image = await cloud.RequireSkepAsync(Ct, "image", "import", disk, "--boot-mode", "bios");
        var (status, body) = await cloud.Ec2Async(Ct, "Action=RunInstances", $"ImageId={image}", "InstanceType=t3.nano", "MinCount=2", "MaxCount=2");
        Assert.True(status == 200, body);
        foreach (var instance in await cloud.InstancesAsync(Ct))
            await cloud.WaitForStateAsync((string)instance["metadata"]!["name"]!, Ct, "running");
        Assert.NotNull(await cloud.FindLeaksAsync(Ct)); // the check sees what a running machine needs
        Assert.Equal(2, Leaks.Processes(cloud.DataDirectory).Count);

        // Whether the daemon is there to help or not.
        await cloud.KillAsync(Ct);
        await cloud.RequireSkepAsync(Ct, "down", "--purge", "--yes");
        Assert.False(Directory.Exists(cloud.DataDirectory));
        Assert.Null(await cloud.FindLeaksAsync(Ct));
    }

    private static Task<string> Aws(Cloud cloud, params string[] arguments) =>
        cloud.RequireClientAsync(Ct, ["aws", "ec2", .. arguments, "--output", "text"]);

    private static async Task<JsonNode> InstanceAsync(Cloud cloud, string id) =>
        (await cloud.InstancesAsync(Ct)).Single(i => (string?)i["metadata"]!["name"] == id);
}
