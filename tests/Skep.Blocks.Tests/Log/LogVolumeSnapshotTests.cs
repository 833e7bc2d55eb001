using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Log;

/// <summary>Snapshots, clones, differences, garbage collection.</summary>
public sealed class LogVolumeSnapshotTests
{
    private const int Object = 64 << 10;

    private static CancellationToken Ct => VolumeWorld.Ct;

    [Fact]
    public async Task A_snapshot_stays_as_it_was_while_the_volume_is_overwritten_and_collected()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await FillAsync(volume, 1);
        await volume.SnapshotAsync("one", Ct);
        var one = await volume.OpenSnapshotAsync("one", Ct);
        for (int i = 2; i < 6; i++)
            await FillAsync(volume, i);
        await volume.DrainAsync(Ct);
        await volume.CollectGarbageAsync(Ct);
        Assert.Equal(VolumeWorld.Pattern(1, 8 * Object), await VolumeWorld.ReadAsync(one, 0, 8 * Object));
        Assert.True(one.Traits.IsReadOnly);
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await one.WriteAsync(0, new byte[512], isDurable: false, Ct));
        Assert.Equal("one", Assert.Single(volume.Snapshots).Id);
        await Assert.ThrowsAsync<BlockDeviceException>(() => volume.SnapshotAsync("one", Ct));
    }

    [Fact]
    public async Task Objects_go_when_the_last_snapshot_that_needs_them_goes()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await FillAsync(volume, 1);
        await volume.SnapshotAsync("a", Ct);
        await volume.SnapshotAsync("b", Ct);
        await FillAsync(volume, 2);
        await volume.DrainAsync(Ct);
        await volume.CollectGarbageAsync(Ct);
        Assert.Equal(16, world.Store.Keys("/data/").Count());
        await volume.DeleteSnapshotAsync("a", Ct);
        await volume.CollectGarbageAsync(Ct);
        Assert.Equal(16, world.Store.Keys("/data/").Count());
        await volume.DeleteSnapshotAsync("b", Ct);
        await volume.CollectGarbageAsync(Ct);
        Assert.Equal(8, world.Store.Keys("/data/").Count());
        Assert.Empty(world.Store.Keys("/snapshot/"));
        Assert.Equal(VolumeWorld.Pattern(2, 8 * Object), await VolumeWorld.ReadAsync(volume, 0, 8 * Object));
    }

    [Fact]
    public async Task A_snapshot_whose_state_could_not_be_saved_is_saved_later_and_readable_before()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        await FillAsync(volume, 1);
        await volume.CheckpointAsync(Ct);
        world.Store.OnPut = key => key.Contains("/snapshot/", StringComparison.Ordinal) ? throw new ObjectStoreException(ObjectStoreError.Unavailable, "away") : Task.CompletedTask;
        await volume.SnapshotAsync("s", Ct);
        await FillAsync(volume, 2);
        for (int i = 0; i < 3; i++)
            await volume.CheckpointAsync(Ct);
        Assert.Empty(world.Store.Keys("/snapshot/"));
        Assert.Equal(VolumeWorld.Pattern(1, 8 * Object), await VolumeWorld.ReadAsync(await volume.OpenSnapshotAsync("s", Ct), 0, 8 * Object));
        world.Store.OnPut = null;
        await volume.AbandonAsync();
        await using var again = await world.OpenAsync();
        await again.CollectGarbageAsync(Ct);
        Assert.Single(world.Store.Keys("/snapshot/"));
        await again.DrainAsync(Ct);
        await again.CheckpointAsync(Ct);
        await FillAsync(again, 3);
        await again.CheckpointAsync(Ct);
        await again.CollectGarbageAsync(Ct);
        Assert.Equal(VolumeWorld.Pattern(1, 8 * Object), await VolumeWorld.ReadAsync(await again.OpenSnapshotAsync("s", Ct), 0, 8 * Object));
    }

    [Fact]
    public async Task A_snapshot_that_is_saved_while_it_is_opened_is_found()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await FillAsync(volume, 1);
        await volume.SnapshotAsync("s", Ct);
        await volume.CollectGarbageAsync(Ct);
        string key = Assert.Single(world.Store.Keys("/snapshot/"));
        Assert.True(world.Store.Objects.TryRemove(key, out byte[]? state));
        // It looks for the records, and these are trimmed as soon as the state is stored.
        world.Store.OnGet = (asked, _, _) =>
        {
            if (!asked.Contains("/log/", StringComparison.Ordinal))
                return;
            world.Store.OnGet = null;
            world.Store.Objects[key] = state;
            foreach (string record in world.Store.Keys("/log/").ToList())
                world.Store.Objects.TryRemove(record, out _);
        };
        var snapshot = await volume.OpenSnapshotAsync("s", Ct);
        Assert.Null(world.Store.OnGet);
        Assert.Equal(VolumeWorld.Pattern(1, 8 * Object), await VolumeWorld.ReadAsync(snapshot, 0, 8 * Object));
    }

    [Fact]
    public async Task Half_dead_objects_are_compacted_and_nothing_else_changes()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await FillAsync(volume, 1);
        await volume.DrainAsync(Ct);
        byte[] expected = VolumeWorld.Pattern(1, 8 * Object);
        for (int at = 0; at < 8 * Object; at += 16_384)
        {
            await volume.WriteAsync(at, VolumeWorld.Pattern(at, 8192), isDurable: false, Ct);
            VolumeWorld.Pattern(at, 8192).CopyTo(expected, at);
        }
        await volume.TrimAsync(Object, Object, isDurable: false, Ct);
        expected.AsSpan(Object, Object).Clear();
        await volume.DrainAsync(Ct);
        long before = volume.Status.TotalBytes;
        await volume.CollectGarbageAsync(Ct);
        Assert.True(volume.Status.ObjectsCollected > 0);
        Assert.InRange(volume.Status.TotalBytes, volume.Status.LiveBytes, Math.Min(before - 1, (long)(volume.Status.LiveBytes / 0.69)));
        Assert.Equal(expected, await VolumeWorld.ReadAsync(volume, 0, 8 * Object));
        await volume.CloseAsync(Ct);
        await using var cold = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(expected, await VolumeWorld.ReadAsync(cold, 0, 8 * Object));
        Assert.Empty((await LogVolumeInspector.VerifyAsync(world.Store, "vol", null, world.Services, null, Ct)).Damages);
    }

    [Fact]
    public async Task A_copy_of_the_collector_does_not_cover_what_was_written_meanwhile()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await FillAsync(volume, 1);
        await volume.DrainAsync(Ct);
        for (int at = 0; at < 8 * Object; at += Object)
            await volume.WriteAsync(at, VolumeWorld.Pattern(2, Object / 2), isDurable: false, Ct);
        await volume.DrainAsync(Ct);
        // The collector's copy is held back while the same blocks are written, drained and entered.
        TaskCompletionSource reached = new(), release = new();
        int puts = 0;
        world.Store.OnPut = key =>
        {
            if (!key.Contains("/data/", StringComparison.Ordinal) || Interlocked.Increment(ref puts) != 1)
                return Task.CompletedTask;
            reached.SetResult();
            return release.Task;
        };
        var collection = volume.CollectGarbageAsync(Ct);
        await reached.Task.WaitAsync(Ct);
        await FillAsync(volume, 3);
        await volume.DrainAsync(Ct);
        release.SetResult();
        await collection;
        Assert.Equal(VolumeWorld.Pattern(3, 8 * Object), await VolumeWorld.ReadAsync(volume, 0, 8 * Object));
        await volume.CollectGarbageAsync(Ct);
        await volume.CloseAsync(Ct);
        await using var cold = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(VolumeWorld.Pattern(3, 8 * Object), await VolumeWorld.ReadAsync(cold, 0, 8 * Object));
    }

    [Fact]
    public async Task Collection_goes_on_while_writes_never_pause()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await LogVolume.OpenAsync(world.Settings() with { CollectBytesPerSecond = 1L << 40 }, Ct);
        using var stop = new CancellationTokenSource();
        var random = new Random(1);
        int[] blocks = [.. Enumerable.Range(0, 10_007).Select(_ => random.Next(128))];
        int writes = 0;
        var writer = Task.Run(async () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++, writes++)
                await volume.WriteAsync(blocks[i % blocks.Length] * 4096L, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct);
        }, Ct);
        while (volume.Status.ObjectsCollected < 20)
            await volume.CollectGarbageAsync(Ct);
        Assert.False(writer.IsCompleted);
        await stop.CancelAsync();
        await writer;
        Assert.True(writes > 0);
        for (int block = 0; block < 128; block++)
        {
            int last = writes - 1;
            while (last >= 0 && blocks[last % blocks.Length] != block)
                last--;
            Assert.Equal(last < 0 ? new byte[4096] : VolumeWorld.Pattern(last, 4096), await VolumeWorld.ReadAsync(volume, block * 4096L, 4096));
        }
    }

    [Fact]
    public async Task Many_small_objects_are_put_together()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        for (int i = 0; i < 40; i++)
        {
            await volume.WriteAsync(i * 4096L, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct);
            await volume.DrainAsync(Ct);
        }
        await volume.CollectGarbageAsync(Ct);
        Assert.InRange(volume.Status.Objects, 1, 31);
        for (int i = 0; i < 40; i++)
            Assert.Equal(VolumeWorld.Pattern(i, 4096), await VolumeWorld.ReadAsync(volume, i * 4096L, 4096));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_clone_goes_its_own_way_and_keeps_its_parent_alive(bool isEncrypted)
    {
        var world = new VolumeWorld();
        world.Format = world.Format with { IsEncrypted = isEncrypted };
        await world.CreateAsync();
        var parent = await world.OpenAsync();
        await FillAsync(parent, 1);
        await parent.SnapshotAsync("s", Ct);
        await FillAsync(parent, 2);
        await parent.CloneAsync("s", "copy", Ct);
        await Assert.ThrowsAsync<BlockDeviceException>(() => parent.DeleteSnapshotAsync("s", Ct));
        var cloneDisk = new MemoryDirectory();
        var clone = await world.OpenAsync("copy", cloneDisk);
        Assert.Equal(VolumeWorld.Pattern(1, 8 * Object), await VolumeWorld.ReadAsync(clone, 0, 8 * Object));
        await clone.WriteAsync(0, VolumeWorld.Pattern(3, 4096), isDurable: false, Ct);
        await clone.DrainAsync(Ct);
        await parent.DrainAsync(Ct);
        await parent.CollectGarbageAsync(Ct);
        await clone.SnapshotAsync("of-the-clone", Ct);
        await clone.CloneAsync("of-the-clone", "copy2", Ct);
        await clone.CollectGarbageAsync(Ct);
        await clone.CloseAsync(Ct);
        await parent.CloseAsync(Ct);
        clone = await world.OpenAsync("copy", new MemoryDirectory());
        Assert.Equal(VolumeWorld.Pattern(3, 4096), await VolumeWorld.ReadAsync(clone, 0, 4096));
        Assert.Equal(VolumeWorld.Pattern(1, 8 * Object)[4096..], await VolumeWorld.ReadAsync(clone, 4096, 8 * Object - 4096));
        await clone.CloseAsync(Ct);
        await using (var grandchild = await world.OpenAsync("copy2", new MemoryDirectory()))
            Assert.Equal(VolumeWorld.Pattern(3, 4096), await VolumeWorld.ReadAsync(grandchild, 0, 4096));
        Assert.Empty((await LogVolumeInspector.VerifyAsync(world.Store, "copy2", world.Keys, world.Services, null, Ct)).Damages);
        await Assert.ThrowsAsync<BlockDeviceException>(() => LogVolume.DeleteAsync(world.Store, "vol", world.Services, progress: null, Ct));
        await LogVolume.DeleteAsync(world.Store, "copy2", world.Services, progress: null, Ct);
        await LogVolume.DeleteAsync(world.Store, "copy", world.Services, progress: null, Ct);
        Assert.Empty(world.Store.Keys("copy"));
        parent = await world.OpenAsync();
        await parent.DeleteSnapshotAsync("s", Ct);
        Assert.Equal(VolumeWorld.Pattern(2, 8 * Object), await VolumeWorld.ReadAsync(parent, 0, 8 * Object));
        await parent.CloseAsync(Ct);
        await LogVolume.DeleteAsync(world.Store, "vol", world.Services, progress: null, Ct);
        Assert.Empty(world.Store.Objects);
    }

    [Fact]
    public async Task Deleting_an_open_volume_stops_its_writer_and_spares_names_that_begin_alike()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await world.CreateAsync("vol/log");
        var volume = await world.OpenAsync();
        await volume.WriteAsync(0, new byte[4096], isDurable: false, Ct);
        await volume.DrainAsync(Ct);
        await LogVolume.DeleteAsync(world.Store, "vol", world.Services, progress: null, Ct);
        Assert.All(world.Store.Objects.Keys, k => Assert.StartsWith("vol/log/", k, StringComparison.Ordinal));
        await volume.WriteAsync(0, new byte[4096], isDurable: false, Ct);
        await Assert.ThrowsAsync<BlockDeviceException>(() => volume.DrainAsync(Ct));
        await volume.CloseAsync(Ct);
        await using var other = await world.OpenAsync("vol/log", new MemoryDirectory());
        Assert.Equal(new byte[512], await VolumeWorld.ReadAsync(other, 0, 512));
    }

    [Fact]
    public async Task Changed_ranges_are_what_was_written_and_not_what_was_moved()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await FillAsync(volume, 1);
        await volume.SnapshotAsync("a", Ct);
        await volume.WriteAsync(4096, VolumeWorld.Pattern(2, 8192), isDurable: false, Ct);
        await volume.TrimAsync(Object, 4096, isDurable: false, Ct);
        await volume.WriteAsync(6 << 20, VolumeWorld.Pattern(3, 512), isDurable: false, Ct);
        await volume.SnapshotAsync("b", Ct);
        LogRange[] expected = [new(4096, 8192), new(Object, 4096), new(6 << 20, 512)];
        Assert.Equal(expected, await volume.ListChangedAsync("a", "b", Ct));
        Assert.Equal(expected, await volume.ListChangedAsync("a", null, Ct));
        Assert.Empty(await volume.ListChangedAsync("b", null, Ct));
        LogRange[] all = [new(0, Object), new(Object + 4096, 7 * Object - 4096), new(6 << 20, 512)];
        Assert.Equal(all, await volume.ListChangedAsync(null, "b", Ct));
        await volume.DeleteSnapshotAsync("a", Ct);
        // Half of every object dies, so that all of them are moved.
        await volume.DeleteSnapshotAsync("b", Ct);
        await volume.SnapshotAsync("c", Ct);
        await volume.DeleteSnapshotAsync("c", Ct);
        for (int at = 0; at < 8 * Object; at += Object)
            await volume.TrimAsync(at, Object / 2 + 4096, isDurable: false, Ct);
        await volume.DrainAsync(Ct);
        await volume.SnapshotAsync("d", Ct);
        await volume.DeleteSnapshotAsync("d", Ct);
        await volume.CollectGarbageAsync(Ct);
        Assert.True(volume.Status.ObjectsCollected > 0);
    }

    [Fact]
    public async Task Content_that_was_moved_after_a_snapshot_is_not_listed_as_changed()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await FillAsync(volume, 1);
        for (int at = 0; at < 8 * Object; at += Object)
            await volume.TrimAsync(at, Object / 2 + 4096, isDurable: false, Ct);
        await volume.DrainAsync(Ct);
        await volume.CollectGarbageAsync(Ct);
        long collected = volume.Status.ObjectsCollected;
        Assert.True(collected > 0);
        await volume.SnapshotAsync("old", Ct);
        await volume.SnapshotAsync("young", Ct);
        // Only the young one pins; the old state is loaded for the comparison.
        byte[] before = await VolumeWorld.ReadAsync(volume, 0, 8 * Object);
        await volume.WriteAsync(7 << 20, VolumeWorld.Pattern(9, 4096), isDurable: false, Ct);
        Assert.Equal([new LogRange(7 << 20, 4096)], await DrainAndListAsync(volume, "old"));
        Assert.Equal(before, await VolumeWorld.ReadAsync(volume, 0, 8 * Object));
    }

    private static async Task<IReadOnlyList<LogRange>> DrainAndListAsync(LogVolume volume, string from)
    {
        await volume.DrainAsync(Ct);
        return await volume.ListChangedAsync(from, null, Ct);
    }

    private static async Task FillAsync(LogVolume volume, int seed)
    {
        byte[] data = VolumeWorld.Pattern(seed, 8 * Object);
        for (int at = 0; at < data.Length; at += Object)
            await volume.WriteAsync(at, data.AsMemory(at, Object), isDurable: false, Ct);
    }
}
