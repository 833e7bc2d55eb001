namespace Skep.S3.SystemTests.Clients;

/// <summary>s3cmd against the daemon, over TLS.</summary>
public sealed class S3cmdTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Puts_gets_and_syncs_a_tree()
    {
        await using var daemon = await StartAsync();
        var s3cmd = await ConfigureAsync(daemon);
        var tree = await FileTree.MakeAsync(Path.Combine(daemon.Files, "tree"), seed: 2, Ct);
        await s3cmd.RunAsync("mb", "s3://s3cmd");
        await s3cmd.RunAsync("put", Path.Combine(tree, "one"), "s3://s3cmd/single");
        await s3cmd.RunAsync("get", "s3://s3cmd/single", Path.Combine(daemon.Files, "single"));
        Assert.Equal(await FileTree.HashFileAsync(Path.Combine(tree, "one"), Ct), await FileTree.HashFileAsync(Path.Combine(daemon.Files, "single"), Ct));

        await s3cmd.RunAsync("sync", tree + "/", "s3://s3cmd/tree/");
        File.Delete(Path.Combine(tree, "one"));
        await File.WriteAllTextAsync(Path.Combine(tree, "a/small"), "changed", Ct);
        await s3cmd.RunAsync("sync", "--delete-removed", tree + "/", "s3://s3cmd/tree/");
        await s3cmd.RunAsync("sync", "s3://s3cmd/tree/", Directory.CreateDirectory(Path.Combine(daemon.Files, "back")).FullName + "/");
        Assert.Equal(await FileTree.HashAsync(tree, Ct), await FileTree.HashAsync(Path.Combine(daemon.Files, "back"), Ct));

        await s3cmd.RunAsync("cp", "s3://s3cmd/tree/a/small", "s3://s3cmd/copy +ü");
        await s3cmd.RunAsync("mv", "s3://s3cmd/copy +ü", "s3://s3cmd/moved");
        Assert.Contains("s3://s3cmd/moved", await s3cmd.RunAsync("ls", "s3://s3cmd"), StringComparison.Ordinal);
        Assert.DoesNotContain("copy", await s3cmd.RunAsync("ls", "s3://s3cmd"), StringComparison.Ordinal);
        await s3cmd.RunAsync("rb", "--recursive", "--force", "s3://s3cmd");
        Assert.Equal("", await s3cmd.RunAsync("ls"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Uploads_in_parts_with_metadata(bool signsTheOldWay)
    {
        await using var daemon = await StartAsync();
        var s3cmd = await ConfigureAsync(daemon, signsTheOldWay);
        var file = Path.Combine(daemon.Files, "large");
        await File.WriteAllBytesAsync(file, System.Security.Cryptography.RandomNumberGenerator.GetBytes(17_000_000), Ct);
        await s3cmd.RunAsync("mb", "s3://parts");
        await s3cmd.RunAsync("put", "--multipart-chunk-size-mb=5", "--add-header=x-amz-meta-color:red", "--mime-type=text/x", file, "s3://parts/large");
        var info = await s3cmd.RunAsync("info", "s3://parts/large");
        Assert.Contains("text/x", info, StringComparison.Ordinal);
        Assert.Contains("red", info, StringComparison.Ordinal);
        Assert.Equal("", (await s3cmd.RunAsync("multipart", "s3://parts")).Split('\n').FirstOrDefault(l => l.Contains("s3://parts/large", StringComparison.Ordinal)) ?? "");
        await s3cmd.RunAsync("get", "s3://parts/large", file + ".back");
        Assert.Equal(await FileTree.HashFileAsync(file, Ct), await FileTree.HashFileAsync(file + ".back", Ct));
        await s3cmd.RunAsync("rb", "--recursive", "--force", "s3://parts");
    }

    [Fact]
    public async Task Sets_policies_lists_and_settings_and_signs_urls()
    {
        await using var daemon = await StartAsync();
        var s3cmd = await ConfigureAsync(daemon);
        await s3cmd.RunAsync("mb", "s3://settings");
        var file = Path.Combine(daemon.Files, "policy");
        await File.WriteAllTextAsync(file, """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::settings/*"}]}""", Ct);
        await s3cmd.RunAsync("put", file, "s3://settings/k");
        using var anonymous = new HttpClient(daemon.MakeHandler());
        Assert.Equal(403, (int)(await anonymous.GetAsync($"{daemon.Endpoint}/settings/k", Ct)).StatusCode);
        await s3cmd.RunAsync("setpolicy", file, "s3://settings");
        Assert.Equal(await File.ReadAllTextAsync(file, Ct), await anonymous.GetStringAsync($"{daemon.Endpoint}/settings/k", Ct));
        Assert.Contains("s3:GetObject", await s3cmd.RunAsync("info", "s3://settings"), StringComparison.Ordinal);
        await s3cmd.RunAsync("delpolicy", "s3://settings");
        Assert.Equal(403, (int)(await anonymous.GetAsync($"{daemon.Endpoint}/settings/k", Ct)).StatusCode);
        await s3cmd.RunAsync("setacl", "--acl-public", "s3://settings/k");
        Assert.Equal(200, (int)(await anonymous.GetAsync($"{daemon.Endpoint}/settings/k", Ct)).StatusCode);
        await s3cmd.RunAsync("setacl", "--acl-private", "s3://settings/k");
        Assert.Equal(403, (int)(await anonymous.GetAsync($"{daemon.Endpoint}/settings/k", Ct)).StatusCode);

        var url = (await s3cmd.RunAsync("signurl", "s3://settings/k", "+600")).Trim();
        Assert.Equal(await File.ReadAllTextAsync(file, Ct), await anonymous.GetStringAsync(url, Ct));
        Assert.Equal(403, (int)(await anonymous.GetAsync(url.Replace("/k?", "/l?", StringComparison.Ordinal), Ct)).StatusCode);
    }

    private static async Task<S3Daemon> StartAsync()
    {
        ClientProgram.Require("/usr/bin/s3cmd", "s3cmd");
        return await S3Daemon.StartAsync(Ct, isTls: true);
    }

    private static async Task<ClientProgram> ConfigureAsync(S3Daemon daemon, bool signsTheOldWay = false)
    {
        var path = Path.Combine(daemon.DataDirectory, "s3cfg");
        await File.WriteAllTextAsync(
            path,
            $"""
             [default]
             access_key = {daemon.Credentials.AccessKeyId}
             secret_key = {daemon.Credentials.SecretAccessKey}
             host_base = {daemon.EndPoint}
             host_bucket = {daemon.EndPoint}
             bucket_location = us-east-1
             ca_certs_file = {daemon.Authority}
             signurl_use_https = True
             signature_v2 = {signsTheOldWay}

             """,
            Ct);
        return new ClientProgram(daemon, "/usr/bin/s3cmd", "--config", path, "--no-progress");
    }
}
