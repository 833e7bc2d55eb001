namespace Skep.S3.SystemTests.Clients;

/// <summary>rclone against the daemon, over TLS.</summary>
public sealed class RcloneTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Copies_syncs_and_checks_a_tree()
    {
        await using var daemon = await StartAsync();
        var rclone = await ConfigureAsync(daemon);
        var tree = await FileTree.MakeAsync(Path.Combine(daemon.Files, "tree"), seed: 1, Ct);
        await rclone.RunAsync("mkdir", "skep:rclone");
        await rclone.RunAsync("copy", tree, "skep:rclone/tree");
        await rclone.RunAsync("check", "--download", tree, "skep:rclone/tree");
        await rclone.RunAsync("check", tree, "skep:rclone/tree");

        File.Delete(Path.Combine(tree, "one"));
        await File.WriteAllTextAsync(Path.Combine(tree, "a/small"), "changed", Ct);
        await File.WriteAllTextAsync(Path.Combine(tree, "new"), "new", Ct);
        await rclone.RunAsync("sync", tree, "skep:rclone/tree");
        await rclone.RunAsync("check", "--download", tree, "skep:rclone/tree");
        await rclone.RunAsync("sync", "skep:rclone/tree", Path.Combine(daemon.Files, "back"));
        Assert.Equal(await FileTree.HashAsync(tree, Ct), await FileTree.HashAsync(Path.Combine(daemon.Files, "back"), Ct));
        Assert.Equal("changed", await rclone.RunAsync("cat", "skep:rclone/tree/a/small"));
        Assert.Equal(["100%/", "a/", "empty", "large", "new", "plus+and space", "ü/"], (await rclone.RunAsync("lsf", "skep:rclone/tree")).Trim().Split('\n').Order(StringComparer.Ordinal));

        await rclone.RunAsync("purge", "skep:rclone");
        Assert.Equal("", await rclone.RunAsync("lsd", "skep:"));
    }

    [Fact]
    public async Task Uploads_and_copies_in_parts_and_moves()
    {
        await using var daemon = await StartAsync();
        var rclone = await ConfigureAsync(daemon);
        var file = Path.Combine(daemon.Files, "large");
        await File.WriteAllBytesAsync(file, System.Security.Cryptography.RandomNumberGenerator.GetBytes(31_000_000), Ct);
        var sum = (await FileTree.HashFileAsync(file, Ct)) + "  ";
        await rclone.RunAsync("mkdir", "skep:parts");
        await rclone.RunAsync("copyto", "--s3-chunk-size", "5M", "--s3-upload-cutoff", "5M", file, "skep:parts/large");
        Assert.StartsWith(sum, await rclone.RunAsync("hashsum", "sha256", "--download", "skep:parts/large"), StringComparison.Ordinal);
        // Copies on the server: as one, and in parts.
        await rclone.RunAsync("copyto", "skep:parts/large", "skep:parts/whole");
        await rclone.RunAsync("copyto", "--s3-copy-cutoff", "5M", "skep:parts/large", "skep:parts/pieces");
        await rclone.RunAsync("moveto", "skep:parts/whole", "skep:parts/moved/ü+%20");
        foreach (var name in (string[])["pieces", "moved/ü+%20"])
            Assert.StartsWith(sum, await rclone.RunAsync("hashsum", "sha256", "--download", $"skep:parts/{name}"), StringComparison.Ordinal);
        Assert.Equal(["large", "moved/ü+%20", "pieces"], (await rclone.RunAsync("lsf", "-R", "--files-only", "skep:parts")).Trim().Split('\n').Order(StringComparer.Ordinal));
        // A body of unknown length.
        var piped = await daemon.RunAsync("/bin/sh", ["-c", $"head -c 6000000 {file} | env --unset=AWS_CA_BUNDLE rclone --config {ConfigurationOf(daemon)} --ca-cert {daemon.Authority} rcat --s3-chunk-size 5M skep:parts/piped"], Ct);
        Assert.True(piped.ExitCode == 0, piped.Error);
        await rclone.RunAsync("copyto", "skep:parts/piped", file + ".piped");
        Assert.Equal((await File.ReadAllBytesAsync(file, Ct))[..6_000_000], await File.ReadAllBytesAsync(file + ".piped", Ct));
        await rclone.RunAsync("purge", "skep:parts");
    }

    [Fact]
    public async Task Sees_old_versions()
    {
        await using var daemon = await StartAsync();
        var rclone = await ConfigureAsync(daemon);
        await rclone.RunAsync("mkdir", "skep:versions");
        await new ClientProgram(daemon, ClientProgram.Require("/usr/bin/aws", "awscli"), "--endpoint-url", daemon.Endpoint)
            .RunAsync("s3api", "put-bucket-versioning", "--bucket", "versions", "--versioning-configuration", "Status=Enabled");
        var file = Path.Combine(daemon.Files, "k.txt");
        foreach (var text in (string[])["first", "second"])
        {
            await File.WriteAllTextAsync(file, text, Ct);
            await rclone.RunAsync("copyto", "--ignore-times", file, "skep:versions/k.txt");
        }

        await rclone.RunAsync("deletefile", "skep:versions/k.txt");
        Assert.Equal("", await rclone.RunAsync("lsf", "skep:versions"));
        var names = (await rclone.RunAsync("lsf", "--s3-versions", "skep:versions")).Trim().Split('\n').Order(StringComparer.Ordinal).ToList();
        Assert.Equal(2, names.Count);
        var texts = new List<string>();
        foreach (var name in names)
            texts.Add(await rclone.RunAsync("cat", "--s3-versions", $"skep:versions/{name}"));
        Assert.Equal(["first", "second"], texts.Order(StringComparer.Ordinal));
    }

    private static async Task<S3Daemon> StartAsync()
    {
        ClientProgram.Require("/usr/bin/rclone", "rclone");
        return await S3Daemon.StartAsync(Ct, isTls: true);
    }

    private static string ConfigurationOf(S3Daemon daemon) => Path.Combine(daemon.DataDirectory, "rclone.conf");

    private static async Task<ClientProgram> ConfigureAsync(S3Daemon daemon)
    {
        await File.WriteAllTextAsync(
            ConfigurationOf(daemon),
            $"""
             [skep]
             type = s3
             provider = Other
             endpoint = {daemon.Endpoint}
             region = us-east-1
             access_key_id = {daemon.Credentials.AccessKeyId}
             secret_access_key = {daemon.Credentials.SecretAccessKey}

             """,
            Ct);
        // It cannot do with the variable by which the AWS command line finds its authority.
        return new ClientProgram(daemon, "/usr/bin/env", "--unset=AWS_CA_BUNDLE", "rclone", "--config", ConfigurationOf(daemon), "--ca-cert", daemon.Authority, "--retries", "1", "--low-level-retries", "1");
    }
}
