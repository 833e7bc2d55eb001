using System.Text.Json.Nodes;
using Skep.Blocks.Log;
using Skep.Blocks.Nbd;
using Skep.Cli;
using Skep.Storage.LogVolumes;

namespace Skep.Tests.Cli.Blocks;

/// <summary><c>skep blocks create, info, verify, delete</c> of a store in a directory.</summary>
public sealed class VolumeVerbsTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string StoreUrl => $"file://{_directory.Path}/store";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Info_tells_what_the_store_has()
    {
        await MakeAsync();
        var run = new CliRun();
        Assert.Equal(ExitCode.Success, await run.RunAsync("blocks", "info", "disk", "--store", StoreUrl, "--json"));
        var info = JsonNode.Parse(run.Out.ToString())!;
        Assert.Equal("disk", (string?)info["name"]);
        Assert.Equal(64 << 20, (long)info["sizeBytes"]!);
        Assert.Equal(1 << 20, (long)info["liveBytes"]!);
        Assert.Equal(1, (int)info["objects"]!);
        Assert.Equal("before", (string?)info["snapshots"]![0]!["id"]);
        run = new CliRun();
        Assert.Equal(ExitCode.Success, await run.RunAsync("blocks", "info", "disk", "--store", StoreUrl));
        Assert.Contains("size         64 MiB\n", run.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("in use       1 MiB of 1 MiB written (100 %)\n", run.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("snapshot     before, ", run.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_finds_a_changed_byte_and_says_where()
    {
        await MakeAsync();
        var run = new CliRun();
        Assert.Equal(ExitCode.Success, await run.RunAsync("blocks", "verify", "disk", "--store", StoreUrl));
        Assert.Contains("volume disk is whole: 1 objects", run.Error.ToString(), StringComparison.Ordinal);

        var path = Assert.Single(Directory.GetFiles(Path.Combine(_directory.Path, "store", "disk", "data")));
        var content = await File.ReadAllBytesAsync(path, Ct);
        content[^1] ^= 1;
        await File.WriteAllBytesAsync(path, content, Ct);
        run = new CliRun();
        Assert.Equal(ExitCode.Failure, await run.RunAsync("blocks", "verify", "disk", "--store", StoreUrl));
        Assert.Contains("is damaged: block 15 at offset", run.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("1 damages", run.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_asks_and_leaves_nothing()
    {
        await MakeAsync();
        var run = new CliRun();
        Assert.Equal(ExitCode.Usage, await run.RunAsync("blocks", "delete", "disk", "--store", StoreUrl));
        Assert.Equal(ExitCode.Success, await new CliRun().RunAsync("blocks", "info", "disk", "--store", StoreUrl));
        Assert.Equal(ExitCode.Success, await run.RunAsync("blocks", "delete", "disk", "--store", StoreUrl, "--yes"));
        Assert.Contains("volume disk is deleted: ", run.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(_directory.Path, "store"), "*", SearchOption.AllDirectories));
        Assert.Equal(ExitCode.NotFound, await run.RunAsync("blocks", "info", "disk", "--store", StoreUrl));
    }

    [Fact]
    public async Task Grow_makes_it_larger_and_never_smaller_here_and_where_it_is_served()
    {
        await MakeAsync();
        string[] store = ["--store", StoreUrl, "--directory", Path.Combine(_directory.Path, "local"), "--log-size", "128M", "--cache-size", "1M"];
        var run = new CliRun();
        Assert.Equal(ExitCode.Success, await run.RunAsync(["blocks", "grow", "disk", "--size", "96M", .. store]));
        Assert.Contains("volume disk has grown from 64 MiB to 96 MiB", run.Out.ToString(), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Conflict, await new CliRun().RunAsync(["blocks", "grow", "disk", "--size", "64M", .. store]));

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var socket = Path.Combine(_directory.Path, "nbd.sock");
        await using (var volume = await new LogVolumeOpener(TimeProvider.System, onEvent: null).OpenAsync(Place, Ct))
        await using (var server = new NbdServer(new NbdExportTable(new NbdExport("disk", volume)), new NbdServerOptions(), TimeProvider.System))
        {
            server.BindUnix(socket);
            var serving = server.RunAsync(stop.Token);
            Assert.Equal(ExitCode.Success, await new CliRun().RunAsync("blocks", "grow", "disk", "--size", "128M", "--socket", socket));
            Assert.Equal(128 << 20, volume.SizeBytes);
            Assert.Equal(ExitCode.Failure, await new CliRun().RunAsync("blocks", "grow", "disk", "--size", "64M", "--socket", socket));
            await stop.CancelAsync();
            await serving;
        }

        Assert.Equal(ExitCode.NotRunning, await new CliRun().RunAsync("blocks", "grow", "disk", "--size", "1G", "--socket", socket));
        run = new CliRun();
        Assert.Equal(ExitCode.Success, await run.RunAsync("blocks", "info", "disk", "--store", StoreUrl, "--json"));
        Assert.Equal(128 << 20, (long)JsonNode.Parse(run.Out.ToString())!["sizeBytes"]!);
    }

    private LogVolumePlace Place => new() { StoreUrl = StoreUrl, Name = "disk", Directory = Path.Combine(_directory.Path, "local"), LogBytes = 128 << 20, CacheBytes = 0 };

    /// <summary>A volume with a mebibyte in one object, and a snapshot.</summary>
    private async Task MakeAsync()
    {
        var place = Place;
        var opener = new LogVolumeOpener(TimeProvider.System, onEvent: null);
        await opener.CreateAsync(place, new LogVolumeFormat { SizeBytes = 64 << 20 }, Ct);
        await using var volume = await opener.OpenAsync(place, Ct);
        var data = new byte[1 << 20];
        new Random(1).NextBytes(data);
        await volume.WriteAsync(0, data, isDurable: false, Ct);
        await volume.SnapshotAsync("before", Ct);
    }
}
