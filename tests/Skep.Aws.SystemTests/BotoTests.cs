using Skep.Aws.Tests;

namespace Skep.Aws.SystemTests;

/// <summary>boto3 against the dialect: its signer, serializer, parser, waiters and paginators are the judges.</summary>
public sealed class BotoTests
{
    private const string Python = "/usr/bin/python3";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("life_of_an_instance.py")]
    [InlineData("life_of_a_volume.py")]
    [InlineData("presigned_identity.py")]
    [InlineData("snapshots.py")]
    [InlineData("ebs_direct.py")]
    public async Task Script_passes(string script)
    {
        var (found, _, _) = await Client.RunAsync(Python, ["-c", "import boto3"], new Dictionary<string, string>(), Ct);
        if (found != 0)
            Assert.Skip("Python's boto3 is not installed (Debian package python3-boto3)");
        await using var world = await AwsWorld.StartAsync(Ct, TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var agent = SimulatedAgent.RunAsync(world, stop.Token);
        var environment = Client.Environment();
        environment["SKEP_ENDPOINT"] = world.Endpoint.ToString();
        environment["SKEP_IMAGE"] = AwsWorld.ImageId;
        var (code, output, error) = await Client.RunAsync(Python, [Path.Combine(AppContext.BaseDirectory, "Scripts", script)], environment, Ct);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => agent);
        Assert.True(code == 0 && output.Trim() == "ok", $"{script}: exit {code}\n{output}\n{error}");
    }
}
