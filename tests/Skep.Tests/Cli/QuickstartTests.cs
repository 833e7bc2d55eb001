using System.Text.Json.Nodes;
using Skep.Cli;
using Skep.Cli.Client;

namespace Skep.Tests.Cli;

public sealed class QuickstartTests : IAsyncLifetime
{
    private FakeCloud _cloud = null!;

    public async ValueTask InitializeAsync()
    {
        _cloud = await FakeCloud.StartAsync(simulated: true);
        _cloud.Resources.Put(ApiResource.Images, "ami-1", new JsonObject
        {
            ["spec"] = new JsonObject { ["name"] = "debian-12" }, ["status"] = new JsonObject { ["state"] = "available" },
        });
        _cloud.Ec2.Answers["CreateKeyPair"] = form =>
        {
            _cloud.Resources.Put(ApiResource.KeyPairs, "key-1", new JsonObject { ["spec"] = new JsonObject { ["keyName"] = form["KeyName"] } });
            return "<keyMaterial>KEY</keyMaterial>";
        };
        _cloud.Ec2.Answers["RunInstances"] = form =>
        {
            PutVm(form["InstanceType"], "running");
            return "<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>";
        };
    }

    public ValueTask DisposeAsync() => _cloud.DisposeAsync();

    [Fact]
    public async Task Runs_a_machine_and_says_what_to_try_next()
    {
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("quickstart"));
        Assert.Equal(["CreateKeyPair", "RunInstances"], _cloud.Ec2.Calls.Select(c => c.Action));
        Assert.Equal("t3.small", _cloud.Ec2.Calls[^1].Form["InstanceType"]);
        foreach (var part in new[] { "aws ec2 describe-instances", "kubectl get instances", "eval \"$(skep env)\"", "172.31.0.5" })
            Assert.Contains(part, cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Finds_what_an_earlier_run_left()
    {
        await _cloud.Cli.RunAsync("quickstart");
        _cloud.Ec2.Calls.Clear();
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("quickstart"));
        Assert.Empty(_cloud.Ec2.Calls);
        Assert.Contains("There is a VM quickstart (i-1); it is running", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Starts_a_machine_that_was_stopped()
    {
        PutVm("t3.small", "stopped");
        _cloud.Ec2.Answers["StartInstances"] = _ =>
        {
            PutVm("t3.small", "running");
            return "<instancesSet/>";
        };
        Assert.Equal(0, await _cloud.Cli.RunAsync("quickstart"));
        Assert.Equal(["StartInstances"], _cloud.Ec2.Calls.Select(c => c.Action));
    }

    [Fact]
    public async Task Takes_a_smaller_type_when_the_first_does_not_fit()
    {
        var run = _cloud.Ec2.Answers["RunInstances"];
        _cloud.Ec2.Answers["RunInstances"] = form => form["InstanceType"] == "t3.small" ? throw new Ec2Refusal("InsufficientInstanceCapacity", "no room") : run(form);
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("quickstart"));
        Assert.Contains("A t3.small does not fit on this machine; trying t3.micro", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Starts_the_daemon_when_none_runs()
    {
        using var empty = new TempDirectory();
        var cli = new CliRun(empty.Path);
        cli.Programs.Self = _ =>
        {
            Directory.CreateDirectory(Path.Combine(empty.Path, "pki"));
            foreach (var file in new[] { "daemon.json", "credentials.json", "pki/ca.crt" })
                File.Copy(Path.Combine(_cloud.DataDirectory, file), Path.Combine(empty.Path, file));
            return new ProgramResult(0, "", "");
        };
        Assert.Equal(0, await cli.RunAsync("quickstart --listen 127.0.0.1:0 --simulate"));
        Assert.Equal($"skep up --detach --data {empty.Path} --listen 127.0.0.1:0 --simulate", cli.Programs.Lines.Single());
    }

    [Fact]
    public async Task Passes_on_why_the_daemon_did_not_start()
    {
        using var empty = new TempDirectory();
        var cli = new CliRun(empty.Path);
        cli.Programs.Self = _ => new ProgramResult(1, "", "skep: port 9999 is taken by nginx (process 12)\n");
        Assert.Equal(ExitCode.Failure, await cli.RunAsync("quickstart"));
        Assert.Contains("skep: the cloud did not start: port 9999 is taken by nginx (process 12)", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Does_nothing_when_a_person_says_no()
    {
        using var empty = new TempDirectory();
        var cli = new CliRun(empty.Path) { IsInteractive = true, Input = "n\n" };
        Assert.Equal(ExitCode.Declined, await cli.RunAsync("quickstart"));
        Assert.Empty(cli.Programs.Lines);
    }

    private void PutVm(string type, string state) => _cloud.Resources.Put(ApiResource.Instances, "i-1", new JsonObject
    {
        ["spec"] = new JsonObject { ["instanceType"] = type, ["imageId"] = "ami-1", ["tags"] = new JsonObject { ["Name"] = "quickstart" } },
        ["status"] = new JsonObject { ["state"] = state, ["privateIpAddress"] = "172.31.0.5" },
    });
}
