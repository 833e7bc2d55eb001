using System.Text.Json.Nodes;
using Skep.Aws.Tests;

namespace Skep.Aws.SystemTests;

/// <summary>The ordinary <c>aws</c> command line against the dialect.</summary>
public sealed class AwsCliTests
{
    private const string Cli = "/usr/bin/aws";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Launches_shows_and_terminates_an_instance()
    {
        await using var world = await StartAsync();
        var identity = await AwsAsync(world, "sts", "get-caller-identity");
        Assert.Equal(AwsWorld.AccountId, (string?)identity["Account"]);

        var launched = await AwsAsync(world, "ec2", "run-instances", "--image-id", AwsWorld.ImageId, "--instance-type", "t3.micro",
            "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=web}]");
        var id = (string)launched["Instances"]![0]!["InstanceId"]!;
        Assert.Equal("pending", (string?)launched["Instances"]![0]!["State"]!["Name"]);

        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var shown = await AwsAsync(world, "ec2", "describe-instances", "--filters", "Name=tag:Name,Values=w*", "Name=instance-state-name,Values=running");
        Assert.Equal(id, (string?)shown["Reservations"]![0]!["Instances"]![0]!["InstanceId"]);

        var terminated = await AwsAsync(world, "ec2", "terminate-instances", "--instance-ids", id);
        Assert.Equal("shutting-down", (string?)terminated["TerminatingInstances"]![0]!["CurrentState"]!["Name"]);
    }

    [Fact]
    public async Task Makes_attaches_grows_and_deletes_a_volume()
    {
        await using var world = await StartAsync();
        var instance = (string)(await AwsAsync(world, "ec2", "run-instances", "--image-id", AwsWorld.ImageId, "--instance-type", "t3.micro",
            "--block-device-mappings", "DeviceName=/dev/xvda,Ebs={VolumeSize=20,VolumeType=gp3,Throughput=200}", "DeviceName=/dev/sdf,Ebs={VolumeSize=5}"))["Instances"]![0]!["InstanceId"]!;
        var volume = (string)(await AwsAsync(world, "ec2", "create-volume", "--availability-zone", "us-east-1a", "--size", "10"))["VolumeId"]!;
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var attached = await AwsAsync(world, "ec2", "attach-volume", "--volume-id", volume, "--instance-id", instance, "--device", "/dev/sdg");
        Assert.Equal("attaching", (string?)attached["State"]);
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var shown = await AwsAsync(world, "ec2", "describe-volumes", "--filters", $"Name=attachment.instance-id,Values={instance}", "Name=attachment.status,Values=attached", "Name=attachment.delete-on-termination,Values=false");
        Assert.Equal(["/dev/sdf", "/dev/sdg"], shown["Volumes"]!.AsArray().Select(v => (string?)v!["Attachments"]![0]!["Device"]).Order(StringComparer.Ordinal));

        var modified = await AwsAsync(world, "ec2", "modify-volume", "--volume-id", volume, "--size", "20", "--volume-type", "gp3");
        Assert.Equal("modifying", (string?)modified["VolumeModification"]!["ModificationState"]);
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        await AwsAsync(world, "ec2", "detach-volume", "--volume-id", volume);
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        await AwsAsync(world, "ec2", "delete-volume", "--volume-id", volume);
    }

    [Fact]
    public async Task Says_what_is_wrong_in_words()
    {
        await using var world = await StartAsync();
        var (code, _, error) = await RunAsync(world, "ec2", "describe-instances", "--instance-ids", "i-0123456789abcdef0");
        Assert.NotEqual(0, code);
        Assert.Contains("An error occurred (InvalidInstanceID.NotFound) when calling the DescribeInstances operation: The instance ID 'i-0123456789abcdef0' does not exist", error, StringComparison.Ordinal);
    }

    private static async Task<AwsWorld> StartAsync()
    {
        if (!File.Exists(Cli))
            Assert.Skip($"{Cli} is not installed (Debian package awscli)");
        return await AwsWorld.StartAsync(Ct, TimeProvider.System);
    }

    private static async Task<JsonNode> AwsAsync(AwsWorld world, params string[] arguments)
    {
        var (code, output, error) = await RunAsync(world, arguments);
        Assert.True(code == 0, $"aws {string.Join(' ', arguments)}: exit {code}\n{error}");
        return output.Length == 0 ? new JsonObject() : JsonNode.Parse(output)!;
    }

    private static Task<(int Code, string Output, string Error)> RunAsync(AwsWorld world, params string[] arguments) =>
        Client.RunAsync(Cli, ["--endpoint-url", world.Endpoint.ToString(), "--output", "json", .. arguments], Client.Environment(), Ct);
}
