using Skep.Blocks.Log;
using Skep.Blocks.Nbd;
using Skep.Blocks.Tests.Log;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>Snapshots of log-structured volumes as exports, with what has changed since older ones.</summary>
public sealed class LogVolumeExportsTests
{
    private const int Sector = 512;
    private const int SizeBytes = 8 << 20;
    private const int ExtentsPerAnswer = 7; // so that one answer is not all

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// A copy that reads only what the export says has changed since the copy before equals the snapshot, whatever was
    /// written, trimmed, grown, collected, closed and opened again in between.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task What_has_changed_since_an_older_snapshot_is_enough_to_follow_it(int seed)
    {
        var random = new Random(seed);
        var world = new VolumeWorld(seed);
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        var copy = Array.Empty<byte>();
        string? since = null;
        for (var round = 0; round < 8; round++)
        {
            for (var i = 0; i < 40; i++)
                await ChangeAsync(volume, random);
            if (round == 4)
                await volume.ResizeAsync(SizeBytes + (2 << 20), Ct);
            if (round % 3 == 2)
            {
                await volume.DrainAsync(Ct);
                await volume.CollectGarbageAsync(Ct);
            }

            var source = await VolumeWorld.ReadAsync(volume, 0, (int)volume.SizeBytes);
            var id = $"snap-{round}";
            await volume.SnapshotAsync(id, Ct);
            await ChangeAsync(volume, random); // is not in it
            if (round % 2 == 1)
            {
                await volume.DisposeAsync();
                volume = await world.OpenAsync();
            }

            Array.Resize(ref copy, source.Length);
            await FollowAsync(volume, id, since, copy);
            Assert.True(source.AsSpan().SequenceEqual(copy), $"seed {seed}, round {round}: the copy differs at {source.AsSpan().CommonPrefixLength(copy)}");
            if (since is not null)
                await volume.DeleteSnapshotAsync(since, Ct);
            since = id;
        }

        await volume.DisposeAsync();
    }

    [Fact]
    public async Task Only_what_was_written_is_told_and_the_export_can_only_be_read()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 1 << 20), isDurable: false, Ct);
        await volume.SnapshotAsync("one", Ct);
        await volume.WriteAsync(4096, VolumeWorld.Pattern(2, 8192), isDurable: false, Ct);
        await volume.TrimAsync(64 << 10, 4096, isDurable: false, Ct);
        await volume.SnapshotAsync("two", Ct);
        await using var server = Serve(volume);
        Assert.Equal(["disk", "disk@one", "disk@two"], (await NbdClient.ListAsync(server.ClientOptions, TimeProvider.System, Ct)).Select(n => n.Name));
        await using var client = await server.ConnectAsync(server.ClientOptions with { ExportName = "disk@two", MetaContexts = [LogVolumeExports.ChangesSince("one"), LogVolumeExports.ChangesSince("two")] });
        Assert.Equal([LogVolumeExports.ChangesSince("one")], client.MetaContexts);
        Assert.True(client.IsReadOnly);
        var extents = new NbdExtent[16];
        var count = await client.DescribeAsync(LogVolumeExports.ChangesSince("one"), 0, client.SizeBytes, extents, Ct);
        Assert.Equal(
            [new(4096, 0), new(8192, 1), new((64 << 10) - 12288, 0), new(4096, 1), new(SizeBytes - (68 << 10), 0)],
            extents.Take(count));
        await Assert.ThrowsAsync<NbdException>(() => server.ConnectAsync(server.ClientOptions with { ExportName = "disk@three" }));
        await Assert.ThrowsAsync<NbdException>(() => server.ConnectAsync(server.ClientOptions with { ExportName = "other@one" }));
    }

    [Fact]
    public async Task Who_connects_after_a_growth_sees_the_new_size_and_who_was_there_can_use_it()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await using var server = Serve(volume);
        await using var before = await server.ConnectAsync();
        await using var asking = await server.ConnectAsync();
        await asking.ResizeAsync(2 * SizeBytes, Ct);
        await using var after = await server.ConnectAsync();
        Assert.Equal((SizeBytes, 2L * SizeBytes), (before.SizeBytes, after.SizeBytes));
        var data = VolumeWorld.Pattern(1, 4096);
        await before.WriteAsync(2 * SizeBytes - 4096, data, isDurable: true, Ct);
        var read = new byte[4096];
        await after.ReadAsync(2 * SizeBytes - 4096, read, Ct);
        Assert.Equal(data, read);
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await asking.ResizeAsync(SizeBytes, Ct));
    }

    private static NbdFixture Serve(LogVolume volume) =>
        new(new LogVolumeExports(new NbdExportTable(new NbdExport("disk", volume)), new Dictionary<string, LogVolume> { ["disk"] = volume }));

    /// <summary>Brings a copy of an older snapshot to a younger one by what the export says has changed.</summary>
    private static async Task FollowAsync(LogVolume volume, string id, string? since, byte[] copy)
    {
        await using var server = Serve(volume);
        var context = since is null ? null : LogVolumeExports.ChangesSince(since);
        await using var client = await server.ConnectAsync(server.ClientOptions with { ExportName = LogVolumeExports.NameOf("disk", id), MetaContexts = context is null ? [] : [context] });
        Assert.Equal(copy.Length, client.SizeBytes);
        if (context is null)
        {
            await client.ReadAsync(0, copy, Ct);
            return;
        }

        var extents = new NbdExtent[ExtentsPerAnswer];
        for (long offset = 0; offset < client.SizeBytes;)
        {
            var count = await client.DescribeAsync(context, offset, client.SizeBytes - offset, extents, Ct);
            for (var i = 0; i < count; i++)
            {
                if (extents[i].Flags != 0)
                    await client.ReadAsync(offset, copy.AsMemory((int)offset, (int)extents[i].LengthBytes), Ct);
                offset += extents[i].LengthBytes;
            }
        }
    }

    private static async Task ChangeAsync(LogVolume volume, Random random)
    {
        var length = random.Next(1, 64) * Sector;
        var offset = random.Next(0, (int)(volume.SizeBytes - length) / Sector) * Sector;
        switch (random.Next(5))
        {
            case 0:
                await volume.TrimAsync(offset, length, isDurable: false, Ct);
                break;
            case 1:
                await volume.WriteZeroesAsync(offset, length, ZeroOptions.KeepAllocated, Ct);
                break;
            default:
                await volume.WriteAsync(offset, VolumeWorld.Pattern(random.Next(), length), isDurable: false, Ct);
                break;
        }
    }
}
