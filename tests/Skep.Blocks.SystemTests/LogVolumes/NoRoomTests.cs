using Skep.Blocks.SystemTests.Nbd;
using Skep.Linux;

namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>The log's disk is really full, the object store is really gone: writers wait and lose nothing.</summary>
public sealed class NoRoomTests
{
    private const int TimeoutMs = 180_000;
    private const long MiB = 1 << 20;
    private const long Size = 64 * MiB;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact(Timeout = TimeoutMs)]
    public async Task On_a_full_disk_writers_wait_until_room_comes()
    {
        Assert.SkipUnless(SystemUser.IsRoot, "needs root to mount a small file system");
        await using var fixture = new LogServeFixture();
        var small = Directory.CreateDirectory(fixture.Local).FullName;
        await fixture.CreateAsync("64M");
        // Room for two segments of 16 MiB, and not for the third.
        await Tool.RunAsync("mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", small);
        try
        {
            var disk = new StampedDisk(Size);
            await using (var server = await fixture.ServeAsync(logSize: "64M", cacheSize: "64K"))
            {
                var device = await fixture.ConnectAsync();
                HideStore(fixture);
                var write = new SequentialWrite(disk, device) { ReachedBytes = 16 * MiB };
                var running = write.RunAsync(44 * MiB, Ct);
                await server.WaitForErrorAsync("could not be made");
                await Task.WhenAny(write.Reached, running);
                // With nowhere to go, the log cannot hold more than what the disk has.
                Assert.False(running.IsCompleted, $"{write.AcknowledgedBytes} bytes were written without room for them");
                Assert.InRange(write.AcknowledgedBytes, 16 * MiB, 32 * MiB);
                // What is there can be read, and made durable, meanwhile.
                var other = await fixture.ConnectAsync();
                await other.FlushAsync(Ct);
                var content = new byte[8 * MiB];
                await other.ReadAsync(0, content, Ct);
                Assert.Null(disk.Check(content, 0));
                Assert.InRange(write.AcknowledgedBytes, 16 * MiB, 32 * MiB);

                await Tool.RunAsync("mount", "-o", "remount,size=96m", small);
                await running;
                Assert.Equal(44 * MiB, write.AcknowledgedBytes);
                Assert.Null((await disk.CheckAllAsync(device, Ct)).Wrong);
                await server.KillAsync();
            }

            ShowStore(fixture);
            await using var again = await fixture.ServeAsync();
            var (dataBlocks, wrong) = await disk.CheckAllAsync(await fixture.ConnectAsync(), Ct);
            Assert.Null(wrong);
            Assert.Equal(44 * MiB / StampedDisk.BlockBytes, dataBlocks);
            await again.KillAsync();
        }
        finally
        {
            await fixture.StopAllAsync();
            await new CommandRunner(TimeProvider.System).CheckAsync(new Command("umount", small), CancellationToken.None);
        }
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task Without_a_store_writers_wait_and_go_on_when_it_is_back()
    {
        await using var fixture = new LogServeFixture();
        await fixture.CreateAsync("64M");
        var disk = new StampedDisk(Size);
        await using (var server = await fixture.ServeAsync(logSize: "64M", cacheSize: "64K"))
        {
            var device = await fixture.ConnectAsync();
            HideStore(fixture);
            // Twice what the log takes: it cannot end before the store is back. A failed request would end it with an exception.
            var write = new SequentialWrite(disk, device) { ReachedBytes = 50 * MiB };
            var running = write.RunAsync(2 * Size, Ct);
            await Task.WhenAny(write.Reached, running);
            await server.WaitForErrorAsync("could not be stored");
            Assert.False(running.IsCompleted, $"{write.AcknowledgedBytes} bytes were written without a store: {running.Exception}");
            Assert.InRange(write.AcknowledgedBytes, 50 * MiB, 64 * MiB);
            var other = await fixture.ConnectAsync();
            await other.FlushAsync(Ct);
            var content = new byte[8 * MiB];
            await other.ReadAsync(16 * MiB, content, Ct);
            Assert.Null(disk.Check(content, (int)(16 * MiB / StampedDisk.BlockBytes)));

            ShowStore(fixture);
            await running;
            Assert.Equal(2 * Size, write.AcknowledgedBytes);
            Assert.Null((await disk.CheckAllAsync(device, Ct)).Wrong);
            Assert.Equal(0, (await server.StopAsync()).Code);
        }

        Directory.Delete(fixture.Local, recursive: true);
        await using var elsewhere = await fixture.ServeAsync();
        var (dataBlocks, wrong) = await disk.CheckAllAsync(await fixture.ConnectAsync(), Ct);
        Assert.Null(wrong);
        Assert.Equal(disk.BlockCount, dataBlocks);
    }

    [Fact(Timeout = TimeoutMs)]
    public async Task Without_a_store_readers_wait_and_go_on_when_it_is_back()
    {
        await using var fixture = new LogServeFixture();
        await fixture.CreateAsync("64M");
        var disk = new StampedDisk(Size);
        await using (var server = await fixture.ServeAsync())
        {
            await new SequentialWrite(disk, await fixture.ConnectAsync()).RunAsync(Size, Ct);
            Assert.Equal(0, (await server.StopAsync()).Code);
        }

        // Only the store has it now.
        Directory.Delete(fixture.Local, recursive: true);
        await using (var server = await fixture.ServeAsync())
        {
            var device = await fixture.ConnectAsync();
            HideStore(fixture);
            var content = new byte[8 * MiB];
            var read = device.ReadAsync(16 * MiB, content, Ct).AsTask();
            await server.WaitForErrorAsync("reads wait for the store");
            Assert.False(read.IsCompleted, $"a read ended without a store: {read.Exception}");
            // Meanwhile writes go on.
            var other = await fixture.ConnectAsync();
            await new SequentialWrite(disk, other).RunAsync(4 * MiB, Ct);
            await other.FlushAsync(Ct);
            ShowStore(fixture);
            await read;
            Assert.Null(disk.Check(content, (int)(16 * MiB / StampedDisk.BlockBytes)));
            await server.WaitForErrorAsync("answers reads again");
            Assert.Equal(0, (await server.StopAsync()).Code);
        }

        // Who asked for a limit gets an error, and a server that is to end does not wait for what does not come.
        Directory.Delete(fixture.Local, recursive: true);
        fixture.Options = ["--store-timeout", "1s"];
        await using (var server = await fixture.ServeAsync())
        {
            var device = await fixture.ConnectAsync();
            HideStore(fixture);
            Assert.Equal(BlockError.Io, (await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.ReadAsync(16 * MiB, new byte[4096], Ct))).Error);
            ShowStore(fixture);
            Assert.Null((await disk.CheckAllAsync(device, Ct)).Wrong);
            await server.KillAsync();
        }

        fixture.Options = [];
        await using (var server = await fixture.ServeAsync())
        {
            var device = await fixture.ConnectAsync();
            HideStore(fixture);
            var read = device.ReadAsync(16 * MiB, new byte[4096], Ct).AsTask();
            await server.WaitForErrorAsync("reads wait for the store");
            _ = await server.StopAsync();
            await Assert.ThrowsAsync<BlockDeviceException>(() => read);
        }
    }

    private static void HideStore(LogServeFixture fixture) => Directory.Move(fixture.Store, fixture.Store + ".away");

    private static void ShowStore(LogServeFixture fixture) => Directory.Move(fixture.Store + ".away", fixture.Store);
}
