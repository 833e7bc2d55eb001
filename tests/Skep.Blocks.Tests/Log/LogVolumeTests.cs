using Skep.Blocks.Log;

namespace Skep.Blocks.Tests.Log;

public sealed class LogVolumeTests
{
    private static CancellationToken Ct => VolumeWorld.Ct;

    [Fact]
    public async Task Reads_back_what_was_written()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        byte[] data = VolumeWorld.Pattern(1, 20_480);
        await volume.WriteAsync(4096, data, isDurable: false, Ct);
        byte[] read = await VolumeWorld.ReadAsync(volume, 0, 32_768);
        Assert.Equal(data, read[4096..24_576]);
        Assert.All(read[..4096], b => Assert.Equal(0, b));
        Assert.All(read[24_576..], b => Assert.Equal(0, b));
    }

    [Fact]
    public async Task Keeps_what_was_flushed_through_a_loss_of_power()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        byte[] data = VolumeWorld.Pattern(1, 300 << 10);
        await volume.WriteAsync(0, data, isDurable: false, Ct);
        await volume.FlushAsync(Ct);
        await world.CrashAsync(volume);
        await using var again = await world.OpenAsync();
        Assert.Equal(data, await VolumeWorld.ReadAsync(again, 0, data.Length));
        Assert.Equal(3u, again.Status.Epoch);
    }

    [Fact]
    public async Task Has_everything_in_the_store_after_a_drain()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        byte[] data = VolumeWorld.Pattern(2, 700 << 10);
        await volume.WriteAsync(512, data, isDurable: false, Ct);
        await volume.TrimAsync(1024, 2048, isDurable: false, Ct);
        data.AsSpan(512, 2048).Clear();
        await volume.DrainAsync(Ct);
        Assert.Equal(0, volume.Status.UndrainedBytes);
        await volume.AbandonAsync();
        await using var elsewhere = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(data, await VolumeWorld.ReadAsync(elsewhere, 512, data.Length));
    }
}
