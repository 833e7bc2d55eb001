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
    public async Task Logs_requests_into_another_bucket()
    {
        RequireAws();
        await using var daemon = await S3Daemon.StartAsync(Ct);
        foreach (var bucket in new[] { "source", "logs" })
            await RunAsync(daemon, "s3api", "create-bucket", "--bucket", bucket);
        const string Status = """{"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "s/"}}""";
        string[] put = ["s3api", "put-bucket-logging", "--bucket", "source", "--bucket-logging-status", Status];
        Assert.Contains("InvalidTargetBucketForLogging", (await daemon.AwsAsync(Ct, put)).Error, StringComparison.Ordinal);
        await RunAsync(daemon, "s3api", "put-bucket-policy", "--bucket", "logs", "--policy",
            """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/s/*"}]}""");
        await RunAsync(daemon, put);
        Assert.Equal("s/", (string?)JsonNode.Parse(await RunAsync(daemon, "s3api", "get-bucket-logging", "--bucket", "source", "--output", "json"))!["LoggingEnabled"]!["TargetPrefix"]);
        var file = Path.Combine(daemon.Files, "file");
        await File.WriteAllTextAsync(file, "12345", Ct);
        await RunAsync(daemon, "s3api", "put-object", "--bucket", "source", "--key", "a b", "--body", file);
        await RunAsync(daemon, "s3api", "get-object", "--bucket", "source", "--key", "a b", file);
        Assert.NotEqual(0, (await daemon.AwsAsync(Ct, "s3api", "get-object", "--bucket", "source", "--key", "missing", file)).ExitCode);

        // What was not delivered at the end is delivered at the start.
        Assert.Equal(0, (await daemon.SkepAsync(Ct, "down")).ExitCode);
        await daemon.UpAsync(Ct);
        var lines = (await LogAsync(daemon)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, l => l.Contains(" source [", StringComparison.Ordinal) && l.Contains(" REST.PUT.OBJECT a%20b \"PUT /source/a%20b HTTP/1.1\" 200 - - 5 ", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains(" REST.GET.OBJECT a%20b ", StringComparison.Ordinal) && l.Contains("\" 200 - 5 5 ", StringComparison.Ordinal) && l.Contains(" SigV4 - AuthHeader ", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("\" 404 NoSuchKey ", StringComparison.Ordinal));
    }

    /// <summary>The one log, when it is there.</summary>
    private static async Task<string> LogAsync(S3Daemon daemon)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while (true)
        {
            limit.Token.ThrowIfCancellationRequested();
            var list = JsonNode.Parse(await RunAsync(daemon, "s3api", "list-objects-v2", "--bucket", "logs", "--output", "json") is { Length: > 0 } text ? text : "{}")!;
            if (list["Contents"]?.AsArray() is not [{ } log, ..])
                continue;
            var file = Path.Combine(daemon.Files, "log");
            await RunAsync(daemon, "s3api", "get-object", "--bucket", "logs", "--key", (string)log["Key"]!, file);
            return await File.ReadAllTextAsync(file, Ct);
        }
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
