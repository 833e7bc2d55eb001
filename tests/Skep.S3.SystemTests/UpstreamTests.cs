using System.Globalization;
using System.Security.Cryptography;

namespace Skep.S3.SystemTests;

/// <summary>A daemon whose objects another one keeps.</summary>
public sealed class UpstreamTests
{
    private const long LargeBytes = 256L * 1024 * 1024;

    /// <summary>What the daemon may grow by while a large object goes through: far less than the object.</summary>
    private const long GrowthBytesMax = 96L * 1024 * 1024;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("&checksums=keep")]
    public async Task The_command_line_walks_through_to_the_server_behind(string more)
    {
        RequireAws();
        await using var behind = await S3Daemon.StartAsync(Ct);
        await using var front = await StartFrontAsync(behind, "team-", more);
        var file = Path.Combine(front.Files, "large");
        await File.WriteAllBytesAsync(file, RandomNumberGenerator.GetBytes(20_000_000), Ct);
        await RunAsync(front, "s3", "mb", "s3://photos");
        await RunAsync(front, "s3", "cp", file, "s3://photos/a/large"); // 20 MB: in parts
        await RunAsync(front, "s3", "cp", "s3://photos/a/large", "s3://photos/copy");
        await RunAsync(front, "s3", "cp", "s3://photos/copy", file + ".back");
        Assert.Equal(SHA256.HashData(await File.ReadAllBytesAsync(file, Ct)), SHA256.HashData(await File.ReadAllBytesAsync(file + ".back", Ct)));
        Assert.Equal(2, (await RunAsync(behind, "s3", "ls", "--recursive", "s3://team-photos")).Trim().Split('\n').Length);
        await RunAsync(front, "s3api", "put-bucket-policy", "--bucket", "photos", "--policy", """{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"}]}""");
        await RunAsync(front, "s3api", "put-bucket-versioning", "--bucket", "photos", "--versioning-configuration", "Status=Enabled");
        await RunAsync(front, "s3api", "put-object-tagging", "--bucket", "photos", "--key", "copy", "--tagging", "TagSet=[{Key=a,Value=b}]");
        Assert.Contains("\"a\"", await RunAsync(behind, "s3api", "get-object-tagging", "--bucket", "team-photos", "--key", "copy", "--output", "json"), StringComparison.Ordinal);

        // The policy is the front's alone, and is there again after a restart.
        Assert.Equal(0, (await front.SkepAsync(Ct, "down")).ExitCode);
        await front.UpAsync(Ct);
        using (var http = new HttpClient())
        {
            Assert.Equal(20_000_000, (await http.GetByteArrayAsync(new Uri($"{front.Endpoint}/photos/copy"), Ct)).Length);
            Assert.Equal(System.Net.HttpStatusCode.Forbidden, (await http.GetAsync(new Uri($"{behind.Endpoint}/team-photos/copy"), Ct)).StatusCode);
        }

        await RunAsync(front, "s3", "rm", "--recursive", "s3://photos");
        Assert.Equal("", (await RunAsync(front, "s3", "ls", "s3://photos")).Trim());
        Assert.Contains("team-photos", await RunAsync(behind, "s3", "ls"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_object_streams_through_in_little_memory()
    {
        RequireAws();
        await using var behind = await S3Daemon.StartAsync(Ct);
        await using var front = await StartFrontAsync(behind, "", "");
        var file = Path.Combine(front.Files, "large");
        await WriteAsync(file);
        await RunAsync(front, "s3", "mb", "s3://large");
        await RunAsync(front, "s3api", "put-object", "--bucket", "large", "--key", "warm");
        var before = front.MemoryKib("VmRSS") << 10;
        await RunAsync(front, "s3api", "put-object", "--bucket", "large", "--key", "k", "--body", file);
        await RunAsync(front, "s3api", "get-object", "--bucket", "large", "--key", "k", file + ".back");
        var most = front.MemoryKib("VmHWM") << 10;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{before >> 20} MiB before, {most >> 20} MiB at most"));
        Assert.True(most - before < GrowthBytesMax, $"the daemon had {before} bytes, and {most} while {LargeBytes} went through");
        Assert.Equal(await HashAsync(file), await HashAsync(file + ".back"));
    }

    [Fact]
    public async Task A_server_that_went_away_is_told_as_such_and_found_again()
    {
        RequireAws();
        await using var behind = await S3Daemon.StartAsync(Ct);
        await using var front = await StartFrontAsync(behind, "", "");
        await RunAsync(front, "s3", "mb", "s3://bucket");
        Assert.Equal(0, (await behind.SkepAsync(Ct, "down")).ExitCode);
        var refused = await front.AwsAsync(Ct, "s3api", "put-object", "--bucket", "bucket", "--key", "k");
        Assert.Contains("ServiceUnavailable", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(behind.Endpoint, refused.Error, StringComparison.Ordinal);
        await behind.UpAsync(Ct);
        await RunAsync(front, "s3api", "put-object", "--bucket", "bucket", "--key", "k");
    }

    [Fact]
    public async Task Wrong_credentials_are_told_at_the_start()
    {
        await using var behind = await S3Daemon.StartAsync(Ct);
        var failure = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var front = await StartFrontAsync(behind, "", "", secret: "wrong");
        });
        Assert.Contains("SignatureDoesNotMatch", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(behind.Credentials.SecretAccessKey, failure.Message, StringComparison.Ordinal);
    }

    private static async Task<S3Daemon> StartFrontAsync(S3Daemon behind, string prefix, string more, string? secret = null)
    {
        var keys = Path.Combine(behind.Files, "keys");
        await File.WriteAllTextAsync(keys, $"[default]\naws_access_key_id={behind.Credentials.AccessKeyId}\naws_secret_access_key={secret ?? behind.Credentials.SecretAccessKey}\n", Ct);
        return await S3Daemon.StartAsync(Ct, "--s3-backend", $"s3://{prefix}?endpoint={behind.Endpoint}&credentials={keys}{more}");
    }

    private static async Task WriteAsync(string file)
    {
        await using var stream = File.Create(file);
        var block = new byte[4 * 1024 * 1024];
        for (var written = 0L; written < LargeBytes; written += block.Length)
        {
            RandomNumberGenerator.Fill(block);
            await stream.WriteAsync(block, Ct);
        }
    }

    private static async Task<string> HashAsync(string file)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexString(await SHA256.HashDataAsync(stream, Ct));
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
