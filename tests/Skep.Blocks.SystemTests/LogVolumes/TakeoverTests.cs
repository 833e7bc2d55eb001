namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>Two servers of one volume: the younger has it.</summary>
public sealed class TakeoverTests
{
    private const int TimeoutMs = 180_000;
    private const long Size = 32L << 20;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact(Timeout = TimeoutMs)]
    public async Task The_first_server_is_fenced_and_nothing_is_mixed()
    {
        await using var fixture = new LogServeFixture();
        await fixture.CreateAsync("32M");
        var first = new StampedDisk(Size);
        await using (var server = await fixture.ServeAsync())
        {
            await new StampedLoad(first, await fixture.ConnectAsync(2), writersPerConnection: 4, seed: 1).RunAsync(requestsPerWriter: 100, Ct);
            Assert.Equal(0, (await server.StopAsync()).Code);
        }

        // All of this is in the store; what the first server writes from now on may get there or not.
        var floor = first.Acknowledged();
        Assert.Contains(floor, stamp => stamp > 0);
        await using var old = await fixture.ServeAsync();
        var oldConnections = await fixture.ConnectAsync(2);
        var isTaken = false;
        var hasBegun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var load = new StampedLoad(first, oldConnections, writersPerConnection: 4, seed: 2)
        {
            OnAcknowledged = count =>
            {
                if (count == 500)
                    hasBegun.SetResult();
            },
            MayBreak = () => Volatile.Read(ref isTaken),
        };
        var running = load.RunAsync(requestsPerWriter: int.MaxValue, Ct);
        await Task.WhenAny(hasBegun.Task, running);

        Volatile.Write(ref isTaken, true);
        var second = new StampedDisk(Size, firstStamp: 1L << 40);
        await using var young = await fixture.ServeAsync("s2", fixture.Local + "2", "64M", "16M");
        var device = await fixture.ConnectAsync("s2");
        Assert.Null(await second.AdoptAsync(device, floor, Ct));
        await new StampedLoad(second, [device], writersPerConnection: 8, seed: 3).RunAsync(requestsPerWriter: 300, Ct);
        // The first one ends only because its requests fail.
        await running;
        Assert.Equal(8, load.Broken);
        await old.WaitForErrorAsync("another writer has taken volume disk");
        foreach (var request in new Func<ValueTask>[]
        {
            () => oldConnections[0].WriteAsync(0, new byte[4096], isDurable: false, Ct),
            () => oldConnections[1].FlushAsync(Ct),
            () => oldConnections[0].TrimAsync(0, 4096, isDurable: false, Ct),
        })
            await Assert.ThrowsAsync<BlockDeviceException>(async () => await request());
        Assert.Null((await second.CheckAllAsync(device, Ct)).Wrong);
        Assert.Equal(0, (await young.StopAsync()).Code);

        // The first machine, when it has the volume again, shows what the second wrote, and keeps its own remains aside.
        await old.KillAsync();
        await using var back = await fixture.ServeAsync();
        Assert.Null((await second.CheckAllAsync(await fixture.ConnectAsync(), Ct)).Wrong);
        await back.WaitForErrorAsync("moved aside");
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(fixture.Local, "log"), "aside-*"));
    }
}
