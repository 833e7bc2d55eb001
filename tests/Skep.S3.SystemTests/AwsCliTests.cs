using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Skep.S3.SystemTests;

/// <summary>The AWS command line against the daemon.</summary>
public sealed class AwsCliTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Copies_lists_syncs_and_removes()
    {
        RequireAws();
        await using var daemon = await S3Daemon.StartAsync(Ct);
        var file = Path.Combine(daemon.Files, "large");
        await File.WriteAllBytesAsync(file, RandomNumberGenerator.GetBytes(20_000_000), Ct);
        await RunAsync(daemon, "s3", "mb", "s3://bucket-one");
        await RunAsync(daemon, "s3", "cp", file, "s3://bucket-one/a/large"); // 20 MB: in parts
        await RunAsync(daemon, "s3", "cp", "s3://bucket-one/a/large", "s3://bucket-one/copy");
        await RunAsync(daemon, "s3", "cp", "s3://bucket-one/copy", file + ".back");
        Assert.Equal(await File.ReadAllBytesAsync(file, Ct), await File.ReadAllBytesAsync(file + ".back", Ct));
        Assert.Contains("PRE a/", await RunAsync(daemon, "s3", "ls", "s3://bucket-one"), StringComparison.Ordinal);
        await RunAsync(daemon, "s3", "sync", daemon.Files, "s3://bucket-one/synced/");
        Assert.Equal(4, (await RunAsync(daemon, "s3", "ls", "--recursive", "s3://bucket-one")).Trim().Split('\n').Length);
        await RunAsync(daemon, "s3", "rb", "--force", "s3://bucket-one");
        Assert.Equal("", (await RunAsync(daemon, "s3", "ls")).Trim());
    }

    [Fact]
    public async Task Finds_its_objects_again_after_a_restart()
    {
        RequireAws();
        await using var daemon = await S3Daemon.StartAsync(Ct);
        var file = Path.Combine(daemon.Files, "file");
        await File.WriteAllTextAsync(file, "kept", Ct);
        await RunAsync(daemon, "s3api", "create-bucket", "--bucket", "kept");
        await RunAsync(daemon, "s3api", "put-object", "--bucket", "kept", "--key", "a/../b//%2F+ü", "--body", file, "--metadata", "color=red");
        Assert.Equal(0, (await daemon.SkepAsync(Ct, "down")).ExitCode);
        await daemon.UpAsync(Ct);
        var answer = JsonNode.Parse(await RunAsync(daemon, "s3api", "get-object", "--bucket", "kept", "--key", "a/../b//%2F+ü", file + ".back", "--output", "json"))!;
        Assert.Equal("red", (string?)answer["Metadata"]!["color"]);
        Assert.Equal("kept", await File.ReadAllTextAsync(file + ".back", Ct));
    }

    [Fact]
    public async Task Is_served_on_the_shared_port_too()
    {
        RequireAws();
        await using var daemon = await S3Daemon.StartAsync(Ct);
        await RunAsync(daemon, "s3api", "create-bucket", "--bucket", "metrics");
        var shared = await daemon.RunAsync("/usr/bin/aws", ["--endpoint-url", daemon.ApiEndpoint, "s3api", "list-objects-v2", "--bucket", "metrics", "--output", "json"], Ct);
        Assert.True(shared.ExitCode == 0, shared.Error);
        var other = await daemon.RunAsync("/usr/bin/aws", ["--endpoint-url", daemon.ApiEndpoint, "sts", "get-caller-identity", "--output", "json"], Ct);
        Assert.True(other.ExitCode == 0, other.Error);
    }

    [Fact]
    public async Task Prints_a_configuration_for_the_test_suite_and_the_same_again()
    {
        await using var daemon = await S3Daemon.StartAsync(Ct);
        var first = await daemon.SkepAsync(Ct, "s3", "test-config");
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.All(["[s3 main]", "[s3 alt]", "[s3 tenant]", "[iam]", "[iam root]", "[iam alt root]"], section => Assert.Contains(section, first.Output, StringComparison.Ordinal));
        Assert.Contains("\nkms_keyid = arn:aws:kms:us-east-1:900000000001:key/testkey-1\nkms_keyid2 = ", first.Output, StringComparison.Ordinal);
        Assert.Equal(first.Output, (await daemon.SkepAsync(Ct, "s3", "test-config")).Output);
    }

    private static void RequireAws()
    {
        if (!File.Exists("/usr/bin/aws"))
            Assert.Skip("the AWS command line is not installed (Debian package awscli)");
    }

    private static async Task<string> RunAsync(S3Daemon daemon, params string[] arguments)
    {
        var result = await daemon.AwsAsync(Ct, arguments);
        Assert.True(result.ExitCode == 0, $"aws {string.Join(' ', arguments)}: exit {result.ExitCode}\n{result.Error}");
        return result.Output;
    }
}
