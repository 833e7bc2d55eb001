using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Skep.SystemTests.Machines;

/// <summary>Bad input and a host in trouble: a clear error in the client's own form, and everything else goes on as before.</summary>
[Collection(MachineCollection.Name)]
public sealed partial class MachineFaultTests
{
    private const long GiB = 1L << 30;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_that_are_no_disks_are_refused_and_nothing_of_them_is_kept()
    {
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var whole = Path.Combine(cloud.Scratch, "whole.qcow2");
        Assert.Equal(0, (await cloud.Host.RunAsync(Ct, "qemu-img", "create", "-q", "-f", "qcow2", whole, "8M")).ExitCode);
        var header = await File.ReadAllBytesAsync(whole, Ct);
        (string Name, byte[] Content, string Complaint)[] files =
        [
            ("letter.txt", "Dear all, this is not a disk.\n"u8.ToArray(), "is not a disk"),
            ("empty.raw", [], "is empty"),
            ("version.qcow2", Changed(header, 4, 0x7f), "version"),
            ("clusters.qcow2", Changed(header, 20, 0xff), "cluster"),
            ("backing.qcow2", Changed(header, 8, 0x01), "backing"),
            ("cut.qcow2", header[..60], "qcow2"),
        ];
        foreach (var (name, content, complaint) in files)
        {
            var path = Path.Combine(cloud.Scratch, name);
            await File.WriteAllBytesAsync(path, content, Ct);
            var import = await cloud.SkepAsync(Ct, "image", "import", path);
            Assert.True(import.ExitCode == 1, $"{name}: {import.ExitCode} {import.Error}");
            Assert.Contains(complaint, import.Error, StringComparison.Ordinal);

            var (status, body) = await cloud.Ec2Async(Ct, "Action=RegisterImage", $"Name=from-{name}", $"ImageLocation=file://{path}");
            Assert.True(status == 200, body);
            var id = ImageId().Match(body).Value;
            await Cloud.WaitAsync($"{id} to have failed", async () =>
            {
                var (_, images) = await cloud.Ec2Async(Ct, "Action=DescribeImages", $"ImageId.1={id}");
                return images.Contains("<imageState>failed</imageState>", StringComparison.Ordinal) && images.Contains(complaint, StringComparison.Ordinal) ? null : images;
            }, Ct);

            (status, body) = await cloud.Ec2Async(Ct, "Action=RunInstances", $"ImageId={id}", "InstanceType=t3.nano", "MinCount=1", "MaxCount=1");
            Assert.True(status == 400, body);
            Assert.Contains("<Code>InvalidAMIID.Unavailable</Code>", body, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(Leaks.Files(cloud.DataDirectory, "images", "images/.staging"), f => Path.GetFileName(f) != ".staging");
        Assert.Empty(await cloud.InstancesAsync(Ct));
    }

    [Fact]
    public async Task A_machine_that_qemu_does_not_start_is_terminated_with_the_reason()
    {
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var image = await ImportAsync(cloud);

        // A path with everything in it but QEMU.
        var bin = Path.Combine(cloud.Scratch, "bin");
        await cloud.Host.RunAsync(Ct, "bash", "-c", """mkdir "$0"; ln -s -t "$0" /usr/sbin/* /usr/bin/*; rm "$0"/qemu-system-*""", bin);
        await cloud.KillAsync(Ct);
        await cloud.StartAsync(Ct, $"PATH={bin}");
        await RequireFailureAsync(cloud, image, "qemu-system-x86_64 is not installed");

        // A QEMU that ends at once.
        var fake = Path.Combine(Directory.CreateDirectory(Path.Combine(cloud.Scratch, "fake")).FullName, "qemu-system-x86_64");
        await File.WriteAllTextAsync(fake, "#!/bin/sh\necho 'qemu-system-x86_64: the moon is in the wrong phase' >&2\nexit 1\n", Ct);
        File.SetUnixFileMode(fake, (UnixFileMode)0b111_101_101);
        await cloud.KillAsync(Ct);
        await cloud.StartAsync(Ct, $"PATH={Path.GetDirectoryName(fake)}:{Environment.GetEnvironmentVariable("PATH")}");
        await RequireFailureAsync(cloud, image, "exited with code 1: qemu-system-x86_64: the moon is in the wrong phase");

        await cloud.KillAsync(Ct);
        await cloud.StartAsync(Ct);
        await RequireSuccessAsync(cloud, image);
    }

    [Fact]
    public async Task A_full_disk_fails_the_launch_and_harms_nothing()
    {
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var image = await ImportAsync(cloud);
        var volumes = Path.Combine(cloud.DataDirectory, "volumes");
        var mount = await cloud.Host.RunAsync(Ct, "sh", "-c", """mkdir -p "$0" && mount -t tmpfs -o size=64k tmpfs "$0" """, volumes);
        Assert.True(mount.ExitCode == 0, mount.Error);
        await RequireFailureAsync(cloud, image, $"the disk of {volumes} is full");

        Assert.Equal(0, (await cloud.Host.RunAsync(Ct, "mount", "-o", "remount,size=64m", volumes)).ExitCode);
        await RequireSuccessAsync(cloud, image);
        Assert.Equal(0, (await cloud.Host.RunAsync(Ct, "umount", volumes)).ExitCode);
    }

    [Fact]
    public async Task Requests_that_cannot_be_met_are_refused_in_the_clients_form()
    {
        await using var cloud = await Cloud.CreateAsync(Ct);
        await cloud.StartAsync(Ct);
        var image = await ImportAsync(cloud);

        // More memory than the machine has.
        if (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < 60 * GiB)
        {
            var (status, body) = await cloud.Ec2Async(Ct, "Action=RunInstances", $"ImageId={image}", "InstanceType=m5.4xlarge", "MinCount=1", "MaxCount=1");
            Assert.Equal(500, status);
            Assert.Contains("<Code>InsufficientInstanceCapacity</Code>", body, StringComparison.Ordinal);
        }

        // Signed by somebody else.
        string[] signed = ["--aws-sigv4", "aws:amz:us-east-1:ec2", "--data", "Action=DescribeInstances&Version=2016-11-15", "https://127.0.0.1:9999/"];
        var wrong = await cloud.CurlAsync(Ct, ["--user", $"{await AccessKeyAsync(cloud)}:not-the-secret", .. signed]);
        Assert.Equal(401, wrong.Status);
        Assert.Contains("<Code>AuthFailure</Code>", wrong.Body, StringComparison.Ordinal);
        var unknown = await cloud.CurlAsync(Ct, ["--user", "AKIAIOSFODNN7EXAMPLE:secret", .. signed]);
        Assert.Equal(401, unknown.Status);
        Assert.Contains("<Code>AuthFailure</Code>", unknown.Body, StringComparison.Ordinal);

        // 100 MB.
        var big = Path.Combine(cloud.Scratch, "big");
        await using (var file = File.Create(big))
            file.SetLength(100 * 1024 * 1024);
        var form = await cloud.CurlAsync(Ct, ["--user", $"{await AccessKeyAsync(cloud)}:secret", "--aws-sigv4", "aws:amz:us-east-1:ec2", "--data-binary", $"@{big}", "https://127.0.0.1:9999/"]);
        Assert.True(form.Status == 413, form.ToString());
        Assert.Contains("<Code>RequestEntityTooLarge</Code>", form.Body, StringComparison.Ordinal);
        var json = await cloud.CurlAsync(Ct, ["-H", "Content-Type: application/json", "-H", $"Authorization: Bearer {cloud.Token}", "--data-binary", $"@{big}", "https://127.0.0.1:9999/api/v1/namespaces/default/configmaps"]);
        Assert.True(json.Status == 413, json.ToString());
        Assert.Equal("RequestEntityTooLarge", (string?)JsonNode.Parse(json.Body)!["reason"]);

        Assert.Empty(await cloud.InstancesAsync(Ct));
        await RequireSuccessAsync(cloud, image);
    }

    /// <summary>Runs an instance that must end terminated for a reason, without a trace.</summary>
    private static async Task RequireFailureAsync(Cloud cloud, string image, string reason)
    {
        var id = await RunAsync(cloud, image);
        var instance = await cloud.WaitForStateAsync(id, Ct, "terminated", "running");
        Assert.Contains($"Server.InternalError: ", (string?)instance["status"]!["stateReason"]?["message"], StringComparison.Ordinal);
        Assert.Contains(reason, (string?)instance["status"]!["stateReason"]?["message"], StringComparison.Ordinal);
        var (_, body) = await cloud.Ec2Async(Ct, "Action=DescribeInstances", $"InstanceId.1={id}");
        Assert.Contains("<code>Server.InternalError</code>", body, StringComparison.Ordinal);
        await cloud.RequireNoLeaksAsync(Ct);
    }

    /// <summary>All is well again.</summary>
    private static async Task RequireSuccessAsync(Cloud cloud, string image)
    {
        var id = await RunAsync(cloud, image);
        await cloud.WaitForStateAsync(id, Ct, "running");
        Assert.Equal(200, (await cloud.Ec2Async(Ct, "Action=TerminateInstances", $"InstanceId.1={id}")).Status);
        await cloud.WaitForStateAsync(id, Ct, "terminated");
        await cloud.RequireNoLeaksAsync(Ct);
    }

    private static async Task<string> RunAsync(Cloud cloud, string image)
    {
        var (status, body) = await cloud.Ec2Async(Ct, "Action=RunInstances", $"ImageId={image}", "InstanceType=t3.nano", "MinCount=1", "MaxCount=1");
        Assert.True(status == 200, body);
        return InstanceId().Match(body).Value;
    }

    private static async Task<string> ImportAsync(Cloud cloud)
    {
        var disk = Path.Combine(cloud.Scratch, "button.raw");
        await ButtonDisk.WriteAsync(disk, Ct);
        return await cloud.RequireSkepAsync(Ct, "image", "import", disk, "--boot-mode", "bios");
    }

    private static async Task<string> AccessKeyAsync(Cloud cloud) =>
        AccessKey().Match(await File.ReadAllTextAsync(Path.Combine(cloud.DataDirectory, "credentials.json"), Ct)).Value;

    private static byte[] Changed(byte[] bytes, int offset, byte value)
    {
        var changed = (byte[])bytes.Clone();
        changed[offset] = value;
        return changed;
    }

    [GeneratedRegex("(?<=<instanceId>)i-[0-9a-f]{17}")]
    private static partial Regex InstanceId();

    [GeneratedRegex("ami-[0-9a-f]{17}")]
    private static partial Regex ImageId();

    [GeneratedRegex("AKIA[0-9A-Z]{16}")]
    private static partial Regex AccessKey();
}
