using System.Text.Json;

namespace Skep.Blocks.SystemTests.Nbd;

/// <summary>The clients that people use, against the program.</summary>
public sealed class NbdToolTests
{
    private const long Size = 64L << 20;

    [Fact]
    public async Task Nbdinfo_sees_everything_that_is_promised()
    {
        Tool.Require("nbdinfo");
        using var disks = new DiskFixture();
        await using var serve = await NbdServe.StartAsync(2, "--socket", disks.Path("s"), disks.MakeSparse("a.img", Size, seed: 1), disks.MakeEmpty("b.img", 1000));
        using var json = JsonDocument.Parse(await Tool.RunAsync("nbdinfo", "--json", serve.Uri));
        var export = json.RootElement.GetProperty("exports")[0];
        Assert.Equal("newstyle-fixed", json.RootElement.GetProperty("protocol").GetString());
        Assert.True(json.RootElement.GetProperty("structured").GetBoolean());
        Assert.Equal(Size, export.GetProperty("export-size").GetInt64());
        Assert.Equal("a.img", export.GetProperty("export-name").GetString());
        Assert.Equal("base:allocation", Assert.Single(export.GetProperty("contexts").EnumerateArray()).GetString());
        Assert.False(export.GetProperty("is_read_only").GetBoolean());
        Assert.Equal(33_554_432, export.GetProperty("block_size_maximum").GetInt64());
        foreach (var flag in new[] { "cache", "df", "fast_zero", "flush", "fua", "multi_conn", "trim", "zero" })
            Assert.True(export.GetProperty($"can_{flag}").GetBoolean(), flag);
        var list = await Tool.RunAsync("nbdinfo", "--list", serve.Uri.Replace("/a.img", "/", StringComparison.Ordinal));
        Assert.Contains("export=\"a.img\"", list, StringComparison.Ordinal);
        Assert.Contains("export=\"b.img\"", list, StringComparison.Ordinal);
        Assert.Equal("1000", (await Tool.RunAsync("nbdinfo", "--size", serve.Uris[1])).Trim());
        var (code, output) = await Tool.TryAsync("nbdinfo", serve.Uri.Replace("a.img", "absent", StringComparison.Ordinal));
        Assert.NotEqual(0, code);
        Assert.Contains("absent", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Copies_with_many_connections_are_whole_and_stay_sparse()
    {
        Tool.Require("nbdcopy", "qemu-img");
        using var disks = new DiskFixture();
        var source = disks.MakeSparse("source.img", Size, seed: 2);
        var target = disks.MakeEmpty("target.img", Size);
        await using var serve = await NbdServe.StartAsync(2, "--socket", disks.Path("s"), source, target);
        await Tool.RunAsync("nbdcopy", "--connections=4", "--requests=32", "--flush", serve.Uris[0], serve.Uris[1]);
        Assert.Contains("identical", await Tool.RunAsync("qemu-img", "compare", "-f", "raw", "-F", "raw", serve.Uris[0], serve.Uris[1]), StringComparison.Ordinal);
        // Past the server too.
        Assert.Equal(0, (await serve.StopAsync()).Code);
        await Tool.RunAsync("cmp", source, target);
        Assert.InRange(await AllocatedAsync(target), 1, Size / 4);
    }

    [Fact]
    public async Task Qemu_io_reads_and_writes_patterns_at_odd_places()
    {
        Tool.Require("qemu-io");
        using var disks = new DiskFixture();
        await using var serve = await NbdServe.StartAsync(1, "--socket", disks.Path("s"), disks.MakeEmpty("d.img", Size));
        var output = await Tool.RunAsync(
            "qemu-io", "-f", "raw",
            "-c", "write -P 0x5a 512 65536", "-c", "read -P 0x5a 512 65536",
            "-c", "write -f -P 0x11 1M 8M", "-c", "read -P 0x11 1M 8M",
            "-c", "write -z 2M 1M", "-c", "read -P 0 2M 1M", "-c", "read -P 0x11 3M 6M",
            "-c", "write -z -u 4M 1M", "-c", "read -P 0 4M 1M",
            "-c", "discard 5M 1M", "-c", "read -P 0 5M 1M",
            "-c", "aio_write -P 1 20M 64k", "-c", "aio_write -P 2 21M 64k", "-c", "aio_write -P 3 22M 64k", "-c", "aio_flush",
            "-c", "read -P 1 20M 64k", "-c", "read -P 2 21M 64k", "-c", "read -P 3 22M 64k",
            "-c", "flush", serve.Uri);
        Assert.DoesNotContain("verification failed", output, StringComparison.Ordinal);
        Assert.DoesNotContain("error", output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Qemu_img_converts_compares_and_maps()
    {
        Tool.Require("qemu-img");
        using var disks = new DiskFixture();
        var source = disks.MakeSparse("source.img", Size, seed: 3);
        var target = disks.MakeEmpty("target.img", Size);
        await using var serve = await NbdServe.StartAsync(2, "--socket", disks.Path("s"), source, target);
        await Tool.RunAsync("qemu-img", "convert", "-f", "raw", "-O", "qcow2", serve.Uris[0], disks.Path("copy.qcow2"));
        await Tool.RunAsync("qemu-img", "convert", "-n", "-W", "-m", "16", "-f", "qcow2", "-O", "raw", disks.Path("copy.qcow2"), serve.Uris[1]);
        await Tool.RunAsync("qemu-img", "compare", serve.Uris[0], disks.Path("copy.qcow2"));
        using var expected = JsonDocument.Parse(await Tool.RunAsync("qemu-img", "map", "--output=json", "-f", "raw", source));
        using var served = JsonDocument.Parse(await Tool.RunAsync("qemu-img", "map", "--output=json", "-f", "raw", serve.Uris[0]));
        Assert.Equal(Extents(expected), Extents(served));
        Assert.Equal(0, (await serve.StopAsync()).Code);
        await Tool.RunAsync("cmp", source, target);
    }

    [Fact]
    public async Task Fio_verifies_what_it_wrote()
    {
        Tool.Require("fio");
        var (_, engines) = await Tool.TryAsync("fio", "--enghelp");
        Assert.SkipUnless(engines.Contains("nbd", StringComparison.Ordinal), "this fio has no NBD engine");
        using var disks = new DiskFixture();
        await using var serve = await NbdServe.StartAsync(1, "--socket", disks.Path("s"), disks.MakeEmpty("d.img", Size));
        foreach (var blocks in new[] { "--bs=4k", "--bsrange=512-256k" })
        {
            await Tool.RunAsync(
                "fio", "--name=verify", "--ioengine=nbd", $"--uri={serve.Uri}", "--rw=randwrite", blocks, "--size=64M", "--io_size=64M",
                "--iodepth=32", "--verify=crc32c", "--verify_fatal=1", "--do_verify=1", "--randrepeat=1", "--fsync=64");
        }
    }

    [Fact]
    public async Task Serves_read_only_what_may_only_be_read()
    {
        Tool.Require("qemu-io", "nbdinfo");
        using var disks = new DiskFixture();
        var path = disks.MakeSparse("d.img", Size, seed: 4);
        await using var serve = await NbdServe.StartAsync(1, "--socket", disks.Path("s"), "--read-only", "--export", "gold disk", path);
        Assert.Contains("/gold%20disk?", serve.Uri, StringComparison.Ordinal);
        await Tool.RunAsync("nbdinfo", "--is", "read-only", serve.Uri);
        var (code, output) = await Tool.TryAsync("qemu-io", "-f", "raw", "-c", "write 0 512", serve.Uri);
        Assert.NotEqual(0, code);
        Assert.Contains("Permission denied", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_what_is_wrong_and_ends_with_the_right_code()
    {
        using var disks = new DiskFixture();
        var path = disks.MakeEmpty("d.img", Size);
        await using var serve = await NbdServe.StartAsync(1, "--socket", disks.Path("s"), path);
        var program = NbdServe.ProgramPath();
        foreach (var (expected, text, arguments) in new (int, string, string[])[]
        {
            (3, "does not exist", ["--socket", disks.Path("t"), disks.Path("absent")]),
            (6, "d.img", ["--socket", disks.Path("t"), path]), // in use by the other one
            (1, "another server does", ["--socket", disks.Path("s"), disks.MakeEmpty("other.img", 512)]),
            (2, "exclude each other", ["--socket", disks.Path("t"), "--listen", "127.0.0.1:0", path]),
            (2, "TLS needs --tls-cert", ["--listen", "127.0.0.1:0", "--tls-key", path, path]),
        })
        {
            var (code, output) = await Tool.TryAsync(program, ["nbd", "serve", .. arguments]);
            Assert.True(code == expected && output.Contains(text, StringComparison.Ordinal), $"{code}: {output}");
        }

        Assert.Equal((0, ""), await serve.StopAsync());
        Assert.False(File.Exists(disks.Path("s")));
    }

    private static List<(long, long, bool)> Extents(JsonDocument map) =>
        [.. map.RootElement.EnumerateArray().Select(e => (e.GetProperty("start").GetInt64(), e.GetProperty("length").GetInt64(), e.GetProperty("data").GetBoolean()))];

    private static async Task<long> AllocatedAsync(string path) => 512 * long.Parse(await Tool.RunAsync("stat", "-c", "%b", path), null);
}
