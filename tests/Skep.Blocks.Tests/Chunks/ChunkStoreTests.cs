using Skep.Blocks.Chunks;
using static Skep.Blocks.Tests.Chunks.ChunkWorld;

namespace Skep.Blocks.Tests.Chunks;

public sealed class ChunkStoreTests
{
    private readonly ChunkWorld _world = new() { Keys = NewKeys() };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_put_comes_back_after_a_cold_open(bool isEncrypted)
    {
        var device = Device(1, 0, 2, 3, 1, 0, 4, 5);
        var info = await TakeAsync(await _world.OpenAsync(), "snap-1", device, isEncrypted: isEncrypted);
        Assert.Equal((6, 6), (info.DataBlocks, info.ChangedBlocks));
        Assert.Equal(device, await ReadAsync(await _world.OpenAsync(), "snap-1"));
        Assert.Equal(isEncrypted, info.KeyId is not null);
        Assert.Empty(_world.Keyed("pending/"));
    }

    [Fact]
    public async Task A_device_of_odd_size_comes_back()
    {
        var device = Device(1, 2)[..(Block + 513)];
        await TakeAsync(await _world.OpenAsync(), "snap-1", device);
        Assert.Equal(device, await ReadAsync(await _world.OpenAsync(), "snap-1"));
    }

    [Fact]
    public async Task The_same_content_is_stored_once_and_zeroes_never()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1, 1, 0, 2));
        var first = await store.CountAsync(Ct);
        Assert.InRange(first.StoredBytes, 2 * Block, (2 * Block) + 200);
        var second = await TakeAsync(store, "snap-2", Device(2, 0, 0, 1));
        Assert.Equal(first.PackBytes, (await store.CountAsync(Ct)).PackBytes);
        Assert.Equal(2, second.DataBlocks);
        var both = await store.CountAsync(Ct);
        Assert.Equal((2, 5L * Block, first.StoredBytes), (both.Snapshots, both.LogicalBytes, both.SharedBytes));
    }

    [Fact]
    public async Task The_same_content_put_at_the_same_time_is_stored_once()
    {
        var store = await _world.OpenAsync();
        var device = Device([.. Enumerable.Range(0, 40).Select(i => 1 + (i % 4))]);
        await using var writer = await store.BeginAsync(Request("snap-1", device), Ct);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(() => writer.PutBlockAsync(i, device.AsMemory(i * Block, Block), Ct), Ct)));
        await writer.CompleteAsync(Ct);
        Assert.InRange((await store.CountAsync(Ct)).PackBytes, 4 * Block, (4 * Block) + 2_000);
        Assert.Equal(device, await ReadAsync(store, "snap-1"));
    }

    [Fact]
    public async Task Compressible_content_takes_less()
    {
        var store = await _world.OpenAsync();
        var device = new byte[Block];
        device.AsSpan().Fill(7);
        Assert.InRange((await TakeAsync(store, "snap-1", device)).StoredBytes, 1, 1_000);
    }

    [Fact]
    public async Task A_child_begins_as_its_parent_and_stores_what_changed()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1, 2, 3, 4), isEncrypted: true);
        await using var writer = await store.BeginAsync(Request("snap-2", Device(1, 2, 3, 4, 0), "snap-1", isEncrypted: true), Ct);
        await writer.PutBlockAsync(1, Device(9), Ct);
        await writer.PutBlockAsync(2, Device(0), Ct);
        await writer.PutBlockAsync(4, Device(5), Ct);
        Assert.Equal(3, (await writer.CompleteAsync(Ct)).ChangedBlocks);
        await store.DeleteAsync("snap-1", Ct);
        await _world.CollectAsync(store);
        Assert.Equal(Device(1, 9, 0, 4, 5), await ReadAsync(await _world.OpenAsync(), "snap-2"));
    }

    [Fact]
    public async Task A_child_must_be_encrypted_as_its_parent_is()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1));
        await FailsAsync(ChunkStoreError.Invalid, () => store.BeginAsync(Request("snap-2", Device(1), "snap-1", isEncrypted: true), Ct));
        await FailsAsync(ChunkStoreError.NotFound, () => store.BeginAsync(Request("snap-2", Device(1), "snap-0"), Ct));
        await TakeAsync(store, "snap-2", Device(1));
    }

    [Fact]
    public async Task Encrypted_chunks_have_neither_content_nor_plain_hash_in_the_store()
    {
        var store = await _world.OpenAsync();
        var device = new byte[Block];
        device.AsSpan().Fill((byte)'A');
        await TakeAsync(store, "snap-1", device, isEncrypted: true);
        var hash = System.Security.Cryptography.SHA256.HashData(device);
        foreach (var key in _world.Objects.Keys)
        {
            var bytes = (await store.FindObjectAsync(key, Ct))!;
            Assert.True(bytes.AsSpan().IndexOf(hash) < 0, key);
            Assert.True(bytes.AsSpan().IndexOf("AAAAAAAA"u8) < 0, key);
        }
    }

    [Fact]
    public async Task An_encrypted_snapshot_is_not_opened_without_its_key()
    {
        await TakeAsync(await _world.OpenAsync(), "snap-1", Device(1), isEncrypted: true);
        foreach (var keys in (Skep.Blocks.Keys.KeyRing?[])[null, NewKeys()])
        {
            var store = await ChunkStore.OpenAsync(_world.Objects, new ChunkStoreOptions(), new ChunkStoreServices { Time = _world.Clock, FillRandom = b => b.Clear(), Keys = keys }, Ct);
            await FailsAsync(ChunkStoreError.NoKey, () => store.OpenAsync("snap-1", Ct));
        }
    }

    [Fact]
    public async Task A_snapshot_does_not_exist_before_it_is_complete()
    {
        var store = await _world.OpenAsync();
        await using var writer = await store.BeginAsync(Request("snap-1", Device(1, 2)), Ct);
        await PutAsync(writer, Device(1, 2));
        await writer.FlushAsync(Ct);
        Assert.Empty(await ListAsync(store));
        Assert.Null(await store.FindAsync("snap-1", Ct));
        await FailsAsync(ChunkStoreError.NotFound, () => store.OpenAsync("snap-1", Ct));
        await FailsAsync(ChunkStoreError.Exists, () => store.BeginAsync(Request("snap-1", Device(1)), Ct));
        await writer.CompleteAsync(Ct);
        Assert.Equal(["snap-1"], await ListAsync(store));
        await FailsAsync(ChunkStoreError.Exists, () => store.BeginAsync(Request("snap-1", Device(1)), Ct));
    }

    [Fact]
    public async Task What_was_flushed_survives_the_process_and_what_is_put_again_replaces_it()
    {
        var device = Device(0, 1, 2, 3);
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-0", device);
        var first = await store.BeginAsync(Request("snap-1", device, "snap-0"), Ct);
        await first.PutBlockAsync(0, Device(10), Ct);
        await first.FlushAsync(Ct);
        await first.PutBlockAsync(1, Device(11), Ct);
        await first.FlushAsync(Ct);
        await first.PutBlockAsync(0, Device(12), Ct);
        await first.PutBlockAsync(2, Device(0), Ct);
        await first.FlushAsync(Ct);
        await first.PutBlockAsync(3, Device(13), Ct); // never flushed

        await store.DeleteAsync("snap-0", Ct);
        var reopened = await _world.OpenAsync();
        await using var second = (await reopened.ResumeAsync("snap-1", Ct))!;
        await second.CompleteAsync(Ct);
        Assert.Equal(Device(12, 11, 0, 3), await ReadAsync(reopened, "snap-1"));
        Assert.Null(await reopened.ResumeAsync("snap-1", Ct));
        await first.DisposeAsync();
    }

    [Fact]
    public async Task Hundreds_of_flushes_are_all_there_after_a_restart()
    {
        var device = Device([.. Enumerable.Range(1, 150)]);
        var first = await (await _world.OpenAsync()).BeginAsync(Request("snap-1", device), Ct);
        for (var i = 0; i < 150; i++)
        {
            await first.PutBlockAsync(i, device.AsMemory(i * Block, Block), Ct);
            await first.FlushAsync(Ct);
        }

        await first.DisposeAsync();
        var store = await _world.OpenAsync();
        await using var second = (await store.ResumeAsync("snap-1", Ct))!;
        await second.CompleteAsync(Ct);
        Assert.Equal(device, await ReadAsync(store, "snap-1"));
        Assert.Empty(_world.Keyed("pending/"));
    }

    [Fact]
    public async Task An_aborted_snapshot_is_gone_for_good()
    {
        var store = await _world.OpenAsync();
        await using var writer = await store.BeginAsync(Request("snap-1", Device(1)), Ct);
        await PutAsync(writer, Device(1));
        await writer.AbortAsync(Ct);
        Assert.Empty(_world.Keyed("pending/"));
        Assert.Empty(await ListAsync(store));
        Assert.Null(await store.ResumeAsync("snap-1", Ct));
        await _world.CollectAsync(store);
        Assert.Empty(_world.Keyed("packs/"));
    }

    [Fact]
    public async Task The_blocks_that_differ_are_known_without_reading_them()
    {
        var store = await _world.OpenAsync();
        await TakeAsync(store, "snap-1", Device(1, 0, 2, 3, 0));
        await TakeAsync(store, "snap-2", Device(1, 4, 5, 0, 0, 6));
        await using var first = await store.OpenAsync("snap-1", Ct);
        await using var second = await store.OpenAsync("snap-2", Ct);
        Assert.Equal([0, 2, 3], first.ListBlocks(0));
        Assert.Equal([2, 3], first.ListBlocks(1));
        Assert.Equal(
            [new ChangedBlock(1, false, true), new ChangedBlock(2, true, true), new ChangedBlock(3, true, false), new ChangedBlock(5, false, true)],
            SnapshotReader.ListChangedBlocks(first, second, 0));
    }

    [Fact]
    public async Task A_reader_describes_holes_and_reads_any_range()
    {
        var store = await _world.OpenAsync();
        var device = Device(0, 0, 1, 2, 0, 3);
        await TakeAsync(store, "snap-1", device);
        await using var reader = await store.OpenAsync("snap-1", Ct);
        var extents = new BlockExtent[8];
        var count = await reader.DescribeAsync(Block / 2, device.Length - (Block / 2), extents, Ct);
        Assert.Equal(
            [new BlockExtent(3 * Block / 2, true, true), new BlockExtent(2 * Block, false, false), new BlockExtent(Block, true, true), new BlockExtent(Block, false, false)],
            extents[..count]);
        var random = new Random(5);
        for (var i = 0; i < 50; i++)
        {
            var offset = random.Next(device.Length);
            var buffer = new byte[random.Next(device.Length - offset)];
            await reader.ReadAsync(offset, buffer, Ct);
            Assert.True(buffer.AsSpan().SequenceEqual(device.AsSpan(offset, buffer.Length)));
        }

        await Assert.ThrowsAsync<BlockDeviceException>(async () => await reader.WriteAsync(0, new byte[1], false, Ct));
    }

    [Fact]
    public async Task A_copy_has_the_same_content_and_shares_what_the_target_has()
    {
        var (from, elsewhere) = (await _world.OpenAsync(), new ChunkWorld { Keys = NewKeys() });
        var to = await elsewhere.OpenAsync();
        await TakeAsync(from, "snap-1", Device(1, 0, 2), isEncrypted: true);
        await TakeAsync(to, "snap-a", Device(2, 2));
        var before = (await to.CountAsync(Ct)).PackBytes;
        await from.CopyAsync("snap-1", to, Request("snap-b", Device(1, 0, 2)), null, Ct);
        Assert.Equal(Device(1, 0, 2), await ReadAsync(to, "snap-b"));
        Assert.InRange((await to.CountAsync(Ct)).PackBytes - before, Block, Block + 500);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData("a/b")]
    public async Task An_id_that_is_none_is_refused(string id)
    {
        var store = await _world.OpenAsync();
        await FailsAsync(ChunkStoreError.Invalid, () => store.BeginAsync(Request(id, Device(1)), Ct));
        await FailsAsync(ChunkStoreError.Invalid, () => store.OpenAsync(id, Ct));
    }

    [Fact]
    public async Task Blocks_outside_or_of_another_length_are_refused()
    {
        var store = await _world.OpenAsync();
        await using var writer = await store.BeginAsync(Request("snap-1", Device(1, 2)), Ct);
        await FailsAsync(ChunkStoreError.Invalid, () => writer.PutBlockAsync(2, Device(1), Ct));
        await FailsAsync(ChunkStoreError.Invalid, () => writer.PutBlockAsync(-1, Device(1), Ct));
        await FailsAsync(ChunkStoreError.Invalid, () => writer.PutBlockAsync(0, new byte[Block - 1], Ct));
    }

    internal static async Task FailsAsync(ChunkStoreError error, Func<Task> action)
    {
        var ex = await Assert.ThrowsAsync<ChunkStoreException>(action);
        Assert.True(error == ex.Error, $"expected {error}, not {ex.Error}: {ex.Message}");
    }
}
