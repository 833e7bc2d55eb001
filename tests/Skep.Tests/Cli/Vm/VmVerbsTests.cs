using System.Text.Json.Nodes;
using Skep.Cli;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Tests.Cli.Vm;

public sealed class VmVerbsTests : IAsyncLifetime
{
    private FakeCloud _cloud = null!;

    public async ValueTask InitializeAsync()
    {
        _cloud = await FakeCloud.StartAsync();
        _cloud.Resources.Put(ApiResource.Images, "ami-0aaa", new JsonObject
        {
            ["spec"] = new JsonObject { ["name"] = "debian-12", ["rootDeviceName"] = "/dev/xvda", ["defaultUser"] = "debian" },
            ["status"] = new JsonObject { ["state"] = "available" },
        });
        _cloud.Ec2.Answers["CreateKeyPair"] = form =>
        {
            _cloud.Resources.Put(ApiResource.KeyPairs, "key-1", new JsonObject { ["spec"] = new JsonObject { ["keyName"] = form["KeyName"], ["publicKey"] = "ssh-ed25519 AAAA" } });
            return "<keyMaterial>PRIVATE\nKEY</keyMaterial>";
        };
        _cloud.Ec2.Answers["RunInstances"] = form =>
        {
            var ids = Enumerable.Range(1, int.Parse(form["MaxCount"])).Select(i => $"i-0{i}").ToList();
            foreach (var id in ids)
                PutVm(id, form.GetValueOrDefault("TagSpecification.1.Tag.1.Value"), "running");
            return $"<instancesSet>{string.Concat(ids.Select(i => $"<item><instanceId>{i}</instanceId></item>"))}</instancesSet>";
        };
    }

    public ValueTask DisposeAsync() => _cloud.DisposeAsync();

    [Fact]
    public async Task Run_makes_a_key_and_calls_RunInstances()
    {
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("vm run -i debian-12 -t t3.micro -n web --disk 20"));

        var (_, form) = _cloud.Ec2.Calls.Single(c => c.Action == "RunInstances");
        Assert.Equal("ami-0aaa", form["ImageId"]);
        Assert.Equal("t3.micro", form["InstanceType"]);
        Assert.Equal("skep", form["KeyName"]);
        Assert.Equal("20", form["BlockDeviceMapping.1.Ebs.VolumeSize"]);
        Assert.Equal("web", form["TagSpecification.1.Tag.1.Value"]);
        Assert.Equal(36, form["ClientToken"].Length);
        var key = Path.Combine(_cloud.DataDirectory, "keys/skep.pem");
        Assert.Equal("PRIVATE\nKEY\n", await File.ReadAllTextAsync(key, TestContext.Current.CancellationToken));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        Assert.Equal("NAME   ID     STATE     TYPE       IMAGE       ADDRESS      AGE\nweb    i-01   running   t3.small   debian-12   172.31.0.5   4s\n", cli.Out.ToString());
    }

    [Fact]
    public async Task Run_of_several_names_each()
    {
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("vm run -i ami-0aaa -n w -c 2 --wait"));
        Assert.Equal(["i-01 w-1", "i-02 w-2"], _cloud.Ec2.Calls.Where(c => c.Action == "CreateTags").Select(c => $"{c.Form["ResourceId.1"]} {c.Form["Tag.1.Value"]}"));
    }

    [Fact]
    public async Task Run_takes_the_next_name_for_its_key_when_the_private_half_is_elsewhere()
    {
        _cloud.Resources.Put(ApiResource.KeyPairs, "key-0", new JsonObject { ["spec"] = new JsonObject { ["keyName"] = "skep" } });
        Assert.Equal(0, await _cloud.Cli.RunAsync("vm run -i debian-12"));
        Assert.Equal("skep-2", _cloud.Ec2.Calls.Single(c => c.Action == "RunInstances").Form["KeyName"]);
    }

    [Fact]
    public async Task Run_imports_a_public_key_once()
    {
        using var files = new TempDirectory();
        var file = files.File("mine.pub", "ssh-ed25519 AAAAC3 me@here\n");
        _cloud.Ec2.Answers["ImportKeyPair"] = form =>
        {
            _cloud.Resources.Put(ApiResource.KeyPairs, "key-2", new JsonObject { ["spec"] = new JsonObject { ["keyName"] = form["KeyName"], ["publicKey"] = "ssh-ed25519 AAAAC3" } });
            return $"<keyName>{form["KeyName"]}</keyName>";
        };
        Assert.Equal(0, await _cloud.Cli.RunAsync($"vm run -i debian-12 --public-key {file}"));
        Assert.Equal(0, await _cloud.Cli.RunAsync($"vm run -i debian-12 --public-key {file}"));
        Assert.Single(_cloud.Ec2.Calls, c => c.Action == "ImportKeyPair");
        Assert.All(_cloud.Ec2.Calls.Where(c => c.Action == "RunInstances"), c => Assert.Equal("mine", c.Form["KeyName"]));
    }

    [Theory]
    [InlineData("vm run", ExitCode.Usage, "--image")]
    [InlineData("vm run -i nosuch", ExitCode.NotFound, "there is no image \"nosuch\"")]
    [InlineData("vm run -i tiny", ExitCode.NotFound, "skep image build tiny")]
    [InlineData("vm run -i debian-12 --key nosuch", ExitCode.NotFound, "there is no key pair \"nosuch\"")]
    [InlineData("vm run -i debian-12 -n db", ExitCode.Conflict, "there is a VM named db (i-0db, stopped)")]
    [InlineData("vm run -i debian-12 -c 0", ExitCode.Usage, "--count must be 1 to 1000")]
    [InlineData("vm run -i debian-12 -c 2 --ssh", ExitCode.Usage, "--ssh logs in to one machine")]
    [InlineData("vm run -i debian-12 --user-data /nonexistent", ExitCode.NotFound, "no such file")]
    [InlineData("vm show nosuch", ExitCode.NotFound, "there is no VM \"nosuch\"")]
    [InlineData("vm ssh db", ExitCode.Failure, "db (i-0db) has no address: it is stopped")]
    [InlineData("vm console db", ExitCode.Failure, "db (i-0db) has no console: it is stopped")]
    [InlineData("vm stop", ExitCode.Usage, "VM")]
    [InlineData("vm start db --wait --timeout soon", ExitCode.Usage, "\"soon\" is not a time")]
    [InlineData("vm", ExitCode.Usage, "command")]
    public async Task Failures_have_their_exit_code_and_name_the_thing(string line, int code, string part)
    {
        PutVm("i-0db", "db", "stopped", address: null);
        var cli = _cloud.Cli;
        Assert.Equal(code, await cli.RunAsync(line));
        Assert.Contains(part, cli.Error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(_cloud.Ec2.Calls, c => c.Action == "RunInstances");
    }

    [Fact]
    public async Task Errors_of_EC2_come_with_their_code()
    {
        _cloud.Ec2.Answers["RunInstances"] = _ => throw new Ec2Refusal("InsufficientInstanceCapacity", "No node has 64 GiB free.");
        var cli = _cloud.Cli;
        Assert.Equal(ExitCode.Failure, await cli.RunAsync("vm run -i debian-12"));
        Assert.Contains("No node has 64 GiB free. (InsufficientInstanceCapacity)", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminate_asks_a_person_and_takes_no_for_an_answer()
    {
        PutVm("i-0aa", "web", "running");
        var cli = new CliRun(_cloud.DataDirectory) { IsInteractive = true, Input = "n\n" };
        Assert.Equal(ExitCode.Declined, await cli.RunAsync("vm terminate web"));
        Assert.Empty(_cloud.Ec2.Calls);
    }

    [Fact]
    public async Task Terminate_waits_until_it_is_done()
    {
        PutVm("i-0aa", "web", "running");
        _cloud.Ec2.Answers["TerminateInstances"] = form =>
        {
            PutVm(form["InstanceId.1"], "web", "terminated");
            return $"<instancesSet><item><instanceId>{form["InstanceId.1"]}</instanceId><currentState><name>shutting-down</name></currentState></item></instancesSet>";
        };
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("vm terminate i-0a --wait"));
        Assert.Equal("web (i-0aa) shutting-down\n", cli.Out.ToString());
        Assert.Contains("web (i-0aa) is terminated", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_ends_when_the_machine_cannot_get_there()
    {
        PutVm("i-0aa", "web", "stopped");
        _cloud.Ec2.Answers["StartInstances"] = form =>
        {
            PutVm(form["InstanceId.1"], "web", "terminated", reason: "QEMU said: no such file");
            return "<instancesSet/>";
        };
        var cli = _cloud.Cli;
        Assert.Equal(ExitCode.Failure, await cli.RunAsync("vm start web --wait"));
        Assert.Contains("web (i-0aa) will not be running: it is terminated: QEMU said: no such file", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ssh_uses_the_machines_key_its_own_known_hosts_and_the_images_user()
    {
        await _cloud.Cli.RunAsync("vm run -i debian-12 -n web");
        var cli = _cloud.Cli;
        cli.Programs.ExitCode = 42;
        Assert.Equal(42, await cli.RunAsync("vm ssh web -- uptime -p"));
        var line = cli.Programs.Lines.Single();
        Assert.StartsWith($"ssh -o UserKnownHostsFile={_cloud.DataDirectory}/keys/known_hosts/i-01 ", line, StringComparison.Ordinal);
        Assert.EndsWith($"-o IdentitiesOnly=yes -i {_cloud.DataDirectory}/keys/skep.pem debian@172.31.0.5 -- uptime -p", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_hides_terminated_machines_unless_asked()
    {
        PutVm("i-0aa", "web", "running");
        PutVm("i-0bb", "old", "terminated");
        var cli = _cloud.Cli;
        await cli.RunAsync("vm list -o name");
        Assert.Equal("instance.compute.skep.dev/i-0aa\n", cli.Out.ToString());
        await cli.RunAsync("vm list --all -o json");
        Assert.Contains("i-0bb", cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_come_from_the_file_and_else_from_EC2()
    {
        PutVm("i-0aa", "web", "running");
        _cloud.Ec2.Answers["GetConsoleOutput"] = _ => $"<output>{Convert.ToBase64String("from ec2\n"u8)}</output>";
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("vm logs web"));
        Directory.CreateDirectory(Path.Combine(_cloud.DataDirectory, "instances/i-0aa"));
        await File.WriteAllTextAsync(Path.Combine(_cloud.DataDirectory, "instances/i-0aa/console.log"), "from file\n", TestContext.Current.CancellationToken);
        Assert.Equal(0, await cli.RunAsync("vm logs web"));
        Assert.Equal("from ec2\nfrom file\n", cli.Out.ToString());
    }

    private void PutVm(string id, string? name, string state, string? address = "172.31.0.5", string? reason = null) =>
        _cloud.Resources.Put(ApiResource.Instances, id, new JsonObject
        {
            ["spec"] = new JsonObject { ["imageId"] = "ami-0aaa", ["instanceType"] = "t3.small", ["keyName"] = "skep", ["tags"] = name is null ? new JsonObject() : new JsonObject { ["Name"] = name } },
            ["status"] = new JsonObject
            {
                ["state"] = state, ["privateIpAddress"] = address, ["launchTime"] = "2026-01-02T03:04:01Z",
                ["stateReason"] = reason is null ? null : new JsonObject { ["message"] = reason },
            },
        });
}
