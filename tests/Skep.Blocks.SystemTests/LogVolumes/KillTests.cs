using System.Text.Json;
using Skep.Blocks.SystemTests.Nbd;

namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>
/// The server is killed in the middle of its work, again and again. The load is our own client's, since fio can neither
/// reconnect nor say what it knew to be acknowledged when its server died: the model knows it of every block. As the page cache
/// outlives the process, everything acknowledged must be there, flushed or not.
/// </summary>
public sealed class KillTests
{
    private const int TimeoutMs = 180_000;
    private const long Size = 64L << 20;
    private const int Connections = 4;
    private const int Depth = 8;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory(Timeout = TimeoutMs)]
    [InlineData(1, false, false)]
    [InlineData(2, true, true)]
    public async Task What_was_acknowledged_outlives_the_server(int seed, bool isEncrypted, bool isCompressed)
    {
        const int Rounds = 6;
        await using var fixture = new LogServeFixture { IsEncrypted = isEncrypted, IsCompressed = isCompressed };
        await fixture.CreateAsync("64M");
        var random = new Random(seed);
        var disk = new StampedDisk(Size);
        var brokenRounds = 0;
        for (var round = 0; round < Rounds; round++)
        {
            await using var server = await fixture.ServeAsync();
            var connections = await fixture.ConnectAsync(Connections);
            var (dataBlocks, wrong) = await disk.CheckAllAsync(connections[0], Ct);
            Assert.True(wrong is null, $"seed {seed}, round {round}: {wrong}");
            Assert.True(round == 0 || dataBlocks > 0, $"seed {seed}, round {round}: nothing was there to be checked");
            var load = await KillDuringLoadAsync(server, disk, connections, random.Next(200, 6000), random.Next());
            brokenRounds += load.Broken > 0 ? 1 : 0;
        }

        Assert.True(brokenRounds > Rounds / 2, $"seed {seed}: only {brokenRounds} of {Rounds} kills met requests under way");
        await using var last = await fixture.ServeAsync();
        Assert.Null((await disk.CheckAllAsync(await fixture.ConnectAsync(), Ct)).Wrong);
        Assert.Equal(0, (await last.StopAsync()).Code);
        // Closed in good order, everything is in the store: the local log is not needed any more.
        Directory.Delete(fixture.Local, recursive: true);
        await using var elsewhere = await fixture.ServeAsync();
        Assert.Null((await disk.CheckAllAsync(await fixture.ConnectAsync(), Ct)).Wrong);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task The_model_misses_what_is_lost_with_the_log()
    {
        await using var fixture = new LogServeFixture();
        await fixture.CreateAsync("64M");
        var disk = new StampedDisk(Size);
        await using (var server = await fixture.ServeAsync())
            await KillDuringLoadAsync(server, disk, await fixture.ConnectAsync(Connections), 500, seed: 3);
        Directory.Delete(fixture.Local, recursive: true);
        await using var again = await fixture.ServeAsync();
        Assert.Contains("was acknowledged", (await disk.CheckAllAsync(await fixture.ConnectAsync(), Ct)).Wrong, StringComparison.Ordinal);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task Fio_finds_all_that_it_wrote_before_a_kill()
    {
        Tool.Require("fio");
        var (_, engines) = await Tool.TryAsync("fio", "--enghelp");
        Assert.SkipUnless(engines.Contains("nbd", StringComparison.Ordinal), "this fio has no NBD engine");
        const int Blocks = (int)(Size / 4096);
        await using var fixture = new LogServeFixture { IsEncrypted = true };
        await fixture.CreateAsync("64M");
        await using (var server = await fixture.ServeAsync())
        {
            await Tool.RunAsync("fio", [.. FioArguments(server.Uri), "--do_verify=0", "--end_fsync=1"]);
            await server.KillAsync();
        }

        await using var again = await fixture.ServeAsync();
        var output = await Tool.RunAsync("fio", [.. FioArguments(again.Uri), "--verify_only=1", "--output-format=json"]);
        // fio has a word to say before the document.
        using (var found = JsonDocument.Parse(output[output.IndexOf('{', StringComparison.Ordinal)..(output.LastIndexOf('}') + 1)]))
            Assert.Equal(Blocks, found.RootElement.GetProperty("jobs")[0].GetProperty("read").GetProperty("total_ios").GetInt32());
        // And it would have noticed one block that is not as it was.
        await (await fixture.ConnectAsync()).WriteZeroesAsync(Size / 2, 4096, ZeroOptions.None, Ct);
        Assert.NotEqual(0, (await Tool.TryAsync("fio", [.. FioArguments(again.Uri), "--verify_only=1"])).Code);
    }

    private static string[] FioArguments(string uri) =>
        ["--name=kill", "--ioengine=nbd", $"--uri={uri}", "--rw=randwrite", "--bs=4k", "--size=64M", "--iodepth=32", "--randrepeat=1", "--verify=crc32c", "--verify_fatal=1"];

    private static async Task<StampedLoad> KillDuringLoadAsync(NbdServe server, StampedDisk disk, IReadOnlyList<IBlockDevice> connections, long killAfter, int seed)
    {
        var isKilled = false;
        var due = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var load = new StampedLoad(disk, connections, Depth, seed)
        {
            OnAcknowledged = count =>
            {
                if (count == killAfter)
                    due.SetResult();
            },
            MayBreak = () => Volatile.Read(ref isKilled),
        };
        var running = load.RunAsync(requestsPerWriter: int.MaxValue, Ct);
        await Task.WhenAny(due.Task, running);
        Volatile.Write(ref isKilled, true);
        await server.KillAsync();
        await running;
        Assert.True(load.Acknowledged >= killAfter, $"{load.Acknowledged} requests were acknowledged, {killAfter} were to be");
        return load;
    }
}
