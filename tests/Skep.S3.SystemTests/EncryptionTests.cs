using System.Security.Cryptography;

namespace Skep.S3.SystemTests;

/// <summary>What is on the disk of encrypted objects, and what it takes to read it.</summary>
public sealed class EncryptionTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_of_an_encrypted_object_is_on_the_disk_and_a_rotated_ring_still_opens_it()
    {
        if (!File.Exists("/usr/bin/aws"))
            Assert.Skip("the AWS command line is not installed (Debian package awscli)");
        await using var daemon = await S3Daemon.StartAsync(Ct);
        await RunAsync(daemon, "create-bucket", "--bucket", "vault");
        var marker = RandomNumberGenerator.GetBytes(64);
        var key = RandomNumberGenerator.GetBytes(32);
        var keyFile = Path.Combine(daemon.Files, "key");
        await File.WriteAllBytesAsync(keyFile, key, Ct);
        string[] customer = ["--sse-customer-algorithm", "AES256", "--sse-customer-key", $"fileb://{keyFile}"];
        // One in the database, one in a file of its own.
        foreach (var size in (int[])[1_000, 300_000])
        {
            var body = Body(marker, size);
            var file = Path.Combine(daemon.Files, $"body-{size}");
            await File.WriteAllBytesAsync(file, body, Ct);
            await RunAsync(daemon, "put-object", "--bucket", "vault", "--key", $"s3-{size}", "--body", file, "--server-side-encryption", "AES256");
            await RunAsync(daemon, "put-object", "--bucket", "vault", "--key", $"kms-{size}", "--body", file, "--server-side-encryption", "aws:kms");
            await RunAsync(daemon, ["put-object", "--bucket", "vault", "--key", $"c-{size}", "--body", file, .. customer]);
        }

        Assert.False(await HasAsync(daemon, marker[..32]));
        Assert.False(await HasAsync(daemon, key));
        Assert.Equal(0, (await daemon.SkepAsync(Ct, "keys", "rotate")).ExitCode);
        await ReadAllAsync(daemon, marker, customer);
        await RunAsync(daemon, "put-object", "--bucket", "vault", "--key", "new", "--body", Path.Combine(daemon.Files, "body-1000"), "--server-side-encryption", "AES256");
        Assert.Equal(0, (await daemon.SkepAsync(Ct, "down")).ExitCode);
        await daemon.UpAsync(Ct);
        await ReadAllAsync(daemon, marker, customer);

        // Not encrypted, it is found: the search is able to.
        await RunAsync(daemon, "put-object", "--bucket", "vault", "--key", "plain", "--body", Path.Combine(daemon.Files, "body-300000"));
        Assert.True(await HasAsync(daemon, marker[..32]));
    }

    private static async Task ReadAllAsync(S3Daemon daemon, byte[] marker, string[] customer)
    {
        foreach (var size in (int[])[1_000, 300_000])
        {
            foreach (var kind in (string[])["s3", "kms", "c"])
            {
                var back = Path.Combine(daemon.Files, "back");
                await RunAsync(daemon, ["get-object", "--bucket", "vault", "--key", $"{kind}-{size}", back, .. kind == "c" ? customer : []]);
                Assert.Equal(Body(marker, size), await File.ReadAllBytesAsync(back, Ct));
            }
        }
    }

    private static byte[] Body(byte[] marker, int size) => [.. Enumerable.Range(0, size).Select(i => marker[i % marker.Length])];

    private static async Task<bool> HasAsync(S3Daemon daemon, byte[] bytes)
    {
        // The daemon has its locks to itself; there is nothing in them.
        foreach (var file in Directory.EnumerateFiles(daemon.DataDirectory, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("lock", StringComparison.Ordinal)))
        {
            if ((await File.ReadAllBytesAsync(file, Ct)).AsSpan().IndexOf(bytes) >= 0)
                return true;
        }

        return false;
    }

    private static async Task RunAsync(S3Daemon daemon, params string[] arguments)
    {
        var result = await daemon.AwsAsync(Ct, ["s3api", .. arguments]);
        Assert.True(result.ExitCode == 0, $"aws s3api {string.Join(' ', arguments)}: exit {result.ExitCode}\n{result.Error}");
    }
}
