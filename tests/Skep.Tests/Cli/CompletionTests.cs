using System.Text.Json.Nodes;
using Skep.Cli.Client;

namespace Skep.Tests.Cli;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("vm st", "start\nstop\n")]
    [InlineData("vm ssh w", "web\n")]
    [InlineData("vm ssh --i", "--identity\n")]
    [InlineData("vm run --image deb", "debian-12\n")]
    [InlineData("get inst", "instances\ninstancetypes\n")]
    [InlineData("get instances i", "i-1\n")]
    [InlineData("image build t", "tiny\n")]
    [InlineData("completion f", "fish\n")]
    public async Task Offers_verbs_options_and_what_the_cloud_has(string line, string offers)
    {
        await using var cloud = await FakeCloud.StartAsync();
        cloud.Resources.Put(ApiResource.Instances, "i-1", new JsonObject { ["spec"] = new JsonObject { ["tags"] = new JsonObject { ["Name"] = "web" } } });
        cloud.Resources.Put(ApiResource.Images, "ami-1", new JsonObject { ["spec"] = new JsonObject { ["name"] = "debian-12" } });
        var cli = cloud.Cli;
        Assert.Equal(0, await cli.RunAsync($"[suggest:{line.Length}]", line));
        Assert.Equal(offers, cli.Out.ToString());
    }

    [Fact]
    public async Task Is_quiet_when_there_is_no_cloud()
    {
        var cli = new CliRun("/nonexistent");
        Assert.Equal(0, await cli.RunAsync("[suggest:7]", "vm ssh "));
        Assert.Equal("", cli.Error.ToString());
        Assert.DoesNotContain(cli.Out.ToString().Split('\n'), l => l.Length > 0 && !l.StartsWith('-'));
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _skep skep")]
    [InlineData("zsh", "#compdef skep")]
    [InlineData("fish", "complete -c skep")]
    public async Task Prints_a_script_for_each_shell(string shell, string part)
    {
        var cli = new CliRun();
        Assert.Equal(0, await cli.RunAsync($"completion {shell}"));
        Assert.Contains(part, cli.Out.ToString(), StringComparison.Ordinal);
    }
}
