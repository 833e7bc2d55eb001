namespace Skep.S3.SystemTests.Clients;

/// <summary>A restic repository in a bucket, over TLS.</summary>
public sealed class ResticTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Backs_up_checks_restores_and_prunes()
    {
        ClientProgram.Require("/usr/bin/restic", "restic");
        await using var daemon = await S3Daemon.StartAsync(Ct, isTls: true);
        daemon.SetVariable("RESTIC_PASSWORD", "of the test");
        daemon.SetVariable("RESTIC_REPOSITORY", $"s3:{daemon.Endpoint}/backups/here");
        var restic = new ClientProgram(daemon, "/usr/bin/restic", "--cacert", daemon.Authority, "--no-cache", "--quiet");
        var tree = await FileTree.MakeAsync(Path.Combine(daemon.Files, "tree"), seed: 3, Ct);
        await restic.RunAsync("init"); // makes the bucket too
        await restic.RunAsync("backup", tree);
        var first = await FileTree.HashAsync(tree, Ct);
        await FileTree.MakeAsync(tree, seed: 4, Ct);
        await File.WriteAllTextAsync(Path.Combine(tree, "new"), "new", Ct);
        await restic.RunAsync("backup", tree);
        await restic.RunAsync("check", "--read-data");

        var snapshots = System.Text.Json.Nodes.JsonNode.Parse(await restic.RunAsync("snapshots", "--json"))!.AsArray();
        Assert.Equal(2, snapshots.Count);
        await restic.RunAsync("restore", (string)snapshots[0]!["id"]!, "--target", Path.Combine(daemon.Files, "first"));
        Assert.Equal(first, await FileTree.HashAsync(Path.Combine(daemon.Files, "first") + tree, Ct));

        await restic.RunAsync("forget", "--keep-last", "1", "--prune");
        await restic.RunAsync("check", "--read-data");
        await restic.RunAsync("restore", "latest", "--target", Path.Combine(daemon.Files, "latest"));
        Assert.Equal(await FileTree.HashAsync(tree, Ct), await FileTree.HashAsync(Path.Combine(daemon.Files, "latest") + tree, Ct));
        Assert.NotEqual(0, (await restic.TryAsync("restore", (string)snapshots[0]!["id"]!, "--target", Path.Combine(daemon.Files, "gone"))).ExitCode);
    }
}
