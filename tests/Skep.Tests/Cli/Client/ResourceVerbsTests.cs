using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Skep.Cli;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Tests.Cli.Client;

public sealed class ResourceVerbsTests
{
    private static readonly ApiResource _configMaps = FakeCloud.Kinds.Single(k => k.Plural == "configmaps");

    [Fact]
    public async Task Get_prints_the_servers_table_over_all_pages()
    {
        await using var cloud = await FakeCloud.StartAsync();
        foreach (var name in new[] { "a", "b", "c", "d", "e" })
            cloud.Resources.Put(ApiResource.Instances, name, new JsonObject { ["status"] = new JsonObject { ["state"] = "running" } });
        var cli = cloud.Cli;
        Assert.Equal(ExitCode.Success, await cli.RunAsync("get vms"));
        Assert.Equal("NAME   STATE\na      running\nb      running\nc      running\nd      running\ne      running\n", cli.Out.ToString());
    }

    [Theory]
    [InlineData("get vms -o wide", "NAME   STATE   NOTE\ni-1            noted\n")]
    [InlineData("get instances -o name", "instance.compute.skep.dev/i-1\n")]
    [InlineData("get instance/i-1 -o name", "instance.compute.skep.dev/i-1\n")]
    [InlineData("get instances.compute.skep.dev i-1", "NAME   STATE\ni-1\n")]
    [InlineData("get Instance -A", "NAMESPACE   NAME   STATE\ndefault     i-1\n")]
    [InlineData("get twin -o name", "")]
    public async Task Get_takes_kinds_and_names_in_every_form(string line, string output)
    {
        await using var cloud = await FakeCloud.StartAsync();
        cloud.Resources.Put(ApiResource.Instances, "i-1", []);
        var cli = cloud.Cli;
        Assert.Equal((ExitCode.Success, output), (await cli.RunAsync(line), cli.Out.ToString()));
    }

    [Theory]
    [InlineData("get nosuch", ExitCode.NotFound, "there is no kind \"nosuch\"")]
    [InlineData("get instance i-9", ExitCode.NotFound, "\"i-9\" not found")]
    [InlineData("get pairs", ExitCode.Usage, "means several kinds")]
    [InlineData("get instances,images x", ExitCode.Usage, "several kinds")]
    [InlineData("get instance/", ExitCode.Usage, "not KIND/NAME")]
    [InlineData("delete instances", ExitCode.Usage, "which instances?")]
    [InlineData("delete", ExitCode.Usage, "nothing to delete is named")]
    [InlineData("delete instance i-9", ExitCode.NotFound, "\"i-9\" not found")]
    [InlineData("get -o xml", ExitCode.Usage, "xml")]
    [InlineData("apply", ExitCode.Usage, "--filename")]
    [InlineData("apply -f /nonexistent/x.yaml", ExitCode.NotFound, "no such file")]
    public async Task Failures_have_their_exit_code_and_name_the_thing(string line, int code, string part)
    {
        await using var cloud = await FakeCloud.StartAsync();
        var cli = cloud.Cli;
        Assert.Equal(code, await cli.RunAsync(line));
        Assert.Contains(part, cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", cli.Out.ToString());
    }

    [Fact]
    public async Task Apply_creates_then_merges_then_has_nothing_to_do()
    {
        await using var cloud = await FakeCloud.StartAsync();
        using var files = new TempDirectory();
        var first = files.File("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1', y: '2'}\n");
        var second = files.File("b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '3', y: null}\n");
        var cli = cloud.Cli;
        Assert.Equal(0, await cli.RunAsync($"apply -f {first}"));
        Assert.Equal(0, await cli.RunAsync($"apply -f {second}"));
        Assert.Equal(0, await cli.RunAsync($"apply -f {second}"));
        Assert.Equal("configmap/a created\nconfigmap/a configured\nconfigmap/a unchanged\n", cli.Out.ToString());
        Assert.Equal("""{"x":"3"}""", cloud.Resources.Find(_configMaps, "a").At("data")!.ToJsonString());
    }

    [Fact]
    public async Task Apply_reads_every_document_before_it_writes_the_first()
    {
        await using var cloud = await FakeCloud.StartAsync();
        var cli = new CliRun(cloud.DataDirectory) { Input = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Nothing\nmetadata: {name: b}\n" };
        Assert.Equal(ExitCode.NotFound, await cli.RunAsync("apply -f -"));
        Assert.Contains("there is no kind Nothing in v1", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Null(cloud.Resources.Find(_configMaps, "a"));
    }

    [Fact]
    public async Task Delete_waits_for_finalizers_and_tells_what_was_gone()
    {
        await using var cloud = await FakeCloud.StartAsync();
        cloud.Resources.Put(ApiResource.Instances, "i-1", []);
        cloud.Resources.HoldsDeletions = true;
        cloud.Override = context =>
        {
            // The finalizer is done as soon as the client watches for it.
            if (context.Request.Query["watch"] == "true")
                cloud.Resources.Remove(ApiResource.Instances, "i-1");
            return Task.FromResult(false);
        };
        var cli = cloud.Cli;
        Assert.Equal(ExitCode.NotFound, await cli.RunAsync("delete instance i-1 i-2"));
        Assert.Equal("instance.compute.skep.dev/i-1 deleted\n", cli.Out.ToString());
        Assert.Contains("\"i-2\" not found", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_by_selector_needs_a_yes()
    {
        await using var cloud = await FakeCloud.StartAsync();
        cloud.Resources.Put(ApiResource.Instances, "i-1", []);
        var cli = cloud.Cli;
        Assert.Equal(ExitCode.Declined, await cli.RunAsync("delete instances -l app=web"));
        Assert.Equal(ExitCode.Success, await cli.RunAsync("delete instances -l app=web --yes"));
        Assert.Null(cloud.Resources.Find(ApiResource.Instances, "i-1"));
    }

    [Fact]
    public async Task Describe_shows_the_document_and_its_events()
    {
        await using var cloud = await FakeCloud.StartAsync();
        cloud.Resources.Put(ApiResource.Instances, "i-1", new JsonObject { ["spec"] = new JsonObject { ["imageId"] = "ami-1" } });
        cloud.Resources.Put(ApiResource.Events, "e1", new JsonObject
        {
            ["involvedObject"] = new JsonObject { ["kind"] = "Instance", ["name"] = "i-1" },
            ["type"] = "Warning", ["reason"] = "Failed", ["message"] = "no QEMU", ["lastTimestamp"] = "2026-01-02T03:03:05Z",
        });
        var cli = cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("describe instance i-1"));
        Assert.Contains("Spec:\n  imageId: ami-1\n", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("  AGE   TYPE      REASON   COUNT   MESSAGE\n  60s   Warning   Failed   1       no QEMU\n", cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Follow_survives_a_watch_that_breaks_and_a_revision_that_is_gone()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var cloud = await FakeCloud.StartAsync();
        var watches = 0;
        cloud.Override = async context =>
        {
            if (context.Request.Query["watch"] != "true")
                return false;
            cloud.Resources.Put(ApiResource.Instances, "i-1", new JsonObject { ["n"] = ++watches });
            if (watches == 1)
                context.Abort();
            else
                await context.Response.WriteAsync("""{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}""" + "\n", ct);
            return true;
        };
        using var client = SkepClient.Open(cloud.DataDirectory, TimeProvider.System);
        var seen = new List<string>();
        await foreach (var state in client.Resources.FollowAsync(ApiResource.Instances, "default", "i-1", ct))
        {
            seen.Add(state.TextAt("n") ?? "none");
            if (seen.Count == 3)
                break;
        }

        Assert.Equal(["none", "1", "2"], seen);
    }
}
