using System.Text.Json;
using Skep.Blocks.SystemTests.Nbd;

namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>
/// Two directories are two nodes: the server on the first is killed and its directory removed, and the second opens the volume
/// with what the store and the keeper of the log's copy have.
/// </summary>
public sealed class ReplicaTests
{
    private const int TimeoutMs = 480_000;
    private const long Size = 64L << 20;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory(Timeout = TimeoutMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_flushed_outlives_its_node(bool isEncrypted)
    {
        await using var fixture = new LogServeFixture { IsEncrypted = isEncrypted };
        await fixture.CreateAsync("64M");
        await using var keeper = await ReplicaServe.StartAsync(Arguments(fixture));
        fixture.Options = ["--replica", keeper.Address];
        var disk = new StampedDisk(Size);
        var random = new Random(7);
        for (var round = 0; round < 3; round++)
        {
            // Each round is another node.
            var local = Path.Combine(fixture.Root, $"node{round}");
            await using var server = await fixture.ServeAsync($"s{round}", local, "64M", "16M");
            var device = await fixture.ConnectAsync($"s{round}");
            Assert.Null((await disk.CheckAllAsync(device, Ct)).Wrong);
            // All of these are durable when they are acknowledged, so all of them must be there.
            await WriteDurablyAsync(disk, device, random, count: 100);
            await server.KillAsync();
            Directory.Delete(local, recursive: true);
        }

        await using var last = await fixture.ServeAsync();
        Assert.Null((await disk.CheckAllAsync(await fixture.ConnectAsync(), Ct)).Wrong);
        await last.WaitForErrorAsync("were fetched from replica");
        Assert.Equal(0, (await last.StopAsync()).Code);
    }

    // The other half: the test above would notice.
    [Fact(Timeout = TimeoutMs)]
    public async Task Without_the_keeper_it_does_not()
    {
        await using var fixture = new LogServeFixture();
        await fixture.CreateAsync("64M");
        await using var keeper = await ReplicaServe.StartAsync(Arguments(fixture));
        fixture.Options = ["--replica", keeper.Address];
        var disk = new StampedDisk(Size);
        await using (var server = await fixture.ServeAsync())
        {
            await WriteDurablyAsync(disk, await fixture.ConnectAsync(), new Random(8), count: 60);
            await server.KillAsync();
        }

        Directory.Delete(fixture.Local, recursive: true);
        fixture.Options = [];
        await using var elsewhere = await fixture.ServeAsync("s2", fixture.Local, "64M", "16M");
        Assert.Contains("was acknowledged", (await disk.CheckAllAsync(await fixture.ConnectAsync("s2"), Ct)).Wrong, StringComparison.Ordinal);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task Fio_finds_all_that_it_flushed_before_its_node_was_lost()
    {
        Tool.Require("fio");
        var (_, engines) = await Tool.TryAsync("fio", "--enghelp");
        Assert.SkipUnless(engines.Contains("nbd", StringComparison.Ordinal), "this fio has no NBD engine");
        await using var fixture = new LogServeFixture();
        await fixture.CreateAsync("64M");
        await using var keeper = await ReplicaServe.StartAsync(Arguments(fixture));
        fixture.Options = ["--replica", keeper.Address];
        await using (var server = await fixture.ServeAsync())
        {
            await Tool.RunAsync("fio", [.. FioArguments(server.Uri), "--do_verify=0", "--end_fsync=1"]);
            await server.KillAsync();
        }

        Directory.Delete(fixture.Local, recursive: true);
        await using var again = await fixture.ServeAsync("s2", fixture.Local, "64M", "16M");
        var output = await Tool.RunAsync("fio", [.. FioArguments(again.Uri), "--verify_only=1", "--output-format=json"]);
        using var found = JsonDocument.Parse(output[output.IndexOf('{', StringComparison.Ordinal)..(output.LastIndexOf('}') + 1)]);
        Assert.Equal((int)(Size / 4096), found.RootElement.GetProperty("jobs")[0].GetProperty("read").GetProperty("total_ios").GetInt32());
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task Both_ends_show_a_certificate_of_one_authority()
    {
        Tool.Require("openssl");
        await using var fixture = new LogServeFixture();
        await fixture.CreateAsync("64M");
        await MakeAuthorityAsync(fixture, "ca");
        await MakeAuthorityAsync(fixture, "other");
        await SignAsync(fixture, "keeper", "ca", "subjectAltName=IP:127.0.0.1");
        await SignAsync(fixture, "node", "ca", "subjectAltName=DNS:node.test");
        await SignAsync(fixture, "stranger", "other", "subjectAltName=DNS:node.test");
        await using var keeper = await ReplicaServe.StartAsync(
            "--listen", "127.0.0.1:0", "--directory", Path.Combine(fixture.Root, "keeper"), "--tls-cert", PathOf("keeper.pem"), "--tls-key", PathOf("keeper.key"), "--tls-ca", PathOf("ca.pem"));
        Assert.StartsWith("tls://127.0.0.1:", keeper.Address, StringComparison.Ordinal);
        var disk = new StampedDisk(Size);
        fixture.Options = ["--replica", keeper.Address, "--replica-cert", PathOf("node.pem"), "--replica-key", PathOf("node.key"), "--replica-ca", PathOf("ca.pem")];
        await using (var server = await fixture.ServeAsync())
        {
            await WriteDurablyAsync(disk, await fixture.ConnectAsync(), new Random(9), count: 100);
            await server.KillAsync();
        }

        Directory.Delete(fixture.Local, recursive: true);
        var known = fixture.Options;
        fixture.Options = ["--replica", keeper.Address, "--replica-cert", PathOf("stranger.pem"), "--replica-key", PathOf("stranger.key"), "--replica-ca", PathOf("ca.pem")];
        var (code, output) = await fixture.TryServeAsync();
        Assert.NotEqual(0, code);
        Assert.Contains(keeper.Address, output, StringComparison.Ordinal);
        fixture.Options = known;
        await using var again = await fixture.ServeAsync("s2", fixture.Local, "64M", "16M");
        Assert.Null((await disk.CheckAllAsync(await fixture.ConnectAsync("s2"), Ct)).Wrong);

        string PathOf(string name) => Path.Combine(fixture.Root, name);
    }

    private static string[] Arguments(LogServeFixture fixture) =>
        ["--listen", $"unix:{Path.Combine(fixture.Root, "r")}", "--directory", Path.Combine(fixture.Root, "keeper")];

    private static async Task WriteDurablyAsync(StampedDisk disk, IBlockDevice device, Random random, int count)
    {
        var buffer = new byte[StampedDisk.BlockBytes];
        for (var i = 0; i < count; i++)
        {
            var block = random.Next(disk.BlockCount);
            StampedDisk.Fill(buffer, block, disk.Begin(block, 1, isZero: false));
            await device.WriteAsync(block * (long)StampedDisk.BlockBytes, buffer, isDurable: true, Ct);
            disk.End(block, 1);
        }
    }

    private static string[] FioArguments(string uri) =>
        ["--name=lost", "--ioengine=nbd", $"--uri={uri}", "--rw=randwrite", "--bs=4k", "--size=64M", "--iodepth=32", "--randrepeat=1", "--verify=crc32c", "--verify_fatal=1"];

    private static Task MakeAuthorityAsync(LogServeFixture fixture, string name) => Tool.RunAsync(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", $"/CN={name}",
        "-keyout", Path.Combine(fixture.Root, $"{name}.key"), "-out", Path.Combine(fixture.Root, $"{name}.pem"), "-addext", "keyUsage=critical,keyCertSign,digitalSignature");

    private static async Task SignAsync(LogServeFixture fixture, string name, string authority, string subject)
    {
        var path = Path.Combine(fixture.Root, name);
        await Tool.RunAsync("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", $"/CN={name}", "-keyout", $"{path}.key", "-out", $"{path}.csr");
        await File.WriteAllTextAsync($"{path}.ext", $"extendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n{subject}\n", Ct);
        await Tool.RunAsync(
            "openssl", "x509", "-req", "-in", $"{path}.csr", "-CA", Path.Combine(fixture.Root, $"{authority}.pem"), "-CAkey", Path.Combine(fixture.Root, $"{authority}.key"),
            "-CAcreateserial", "-days", "2", "-extfile", $"{path}.ext", "-out", $"{path}.pem");
    }
}
