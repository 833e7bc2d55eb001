using Skep.Blocks.Log;

namespace Skep.Blocks.Tests.Log;

/// <summary>Alignment, zeroes, trims, descriptions, sizes, bases and keys.</summary>
public sealed class LogVolumeRangeTests
{
    private static CancellationToken Ct => VolumeWorld.Ct;

    [Fact]
    public async Task Writes_zeroes_and_trims_work_at_every_sector_and_length()
    {
        const int Size = 24 * 512;
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        byte[] model = new byte[Size];
        int seed = 0;
        for (int start = 0; start < 12; start++)
        {
            for (int length = 1; length <= 12; length++)
            {
                int at = start * 512, bytes = length * 512;
                byte[] data = VolumeWorld.Pattern(++seed, Size);
                await volume.WriteAsync(0, data, isDurable: false, Ct);
                data.CopyTo(model, 0);
                switch (seed % 4)
                {
                    case 0:
                        await volume.TrimAsync(at, bytes, isDurable: false, Ct);
                        break;
                    case 1:
                        await volume.WriteZeroesAsync(at, bytes, ZeroOptions.None, Ct);
                        break;
                    case 2:
                        await volume.WriteZeroesAsync(at, bytes, ZeroOptions.KeepAllocated | ZeroOptions.Fast, Ct);
                        break;
                    default:
                        await volume.WriteAsync(at, new byte[bytes], isDurable: false, Ct);
                        break;
                }
                model.AsSpan(at, bytes).Clear();
                Assert.Equal(model, await VolumeWorld.ReadAsync(volume, 0, Size));
                if (seed % 5 == 0)
                    await volume.DrainAsync(Ct);
                Assert.Equal(model[at..(at + bytes)], await VolumeWorld.ReadAsync(volume, at, bytes));
            }
        }
        await volume.CloseAsync(Ct);
        await using var cold = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(model, await VolumeWorld.ReadAsync(cold, 0, Size));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Concurrent_writes_of_less_than_a_block_keep_every_byte(bool isSlow)
    {
        const int Piece = 3072, Count = 400;
        var world = new VolumeWorld();
        world.Disk.IsSlow = isSlow;
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        byte[] expected = VolumeWorld.Pattern(1, Piece * Count);
        await Parallel.ForEachAsync(Enumerable.Range(0, Count), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct }, async (i, ct) =>
        {
            await volume.WriteAsync(i * Piece, expected.AsMemory(i * Piece, Piece), isDurable: i % 50 == 0, ct);
            if (i % 40 == 0)
                await volume.DrainAsync(ct);
        });
        Assert.Equal(expected, await VolumeWorld.ReadAsync(volume, 0, expected.Length));
        await volume.CloseAsync(Ct);
        await using var cold = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(expected, await VolumeWorld.ReadAsync(cold, 0, expected.Length));
    }

    [Fact]
    public async Task Requests_that_arrive_together_share_a_record()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await volume.WriteAsync(0, new byte[512], isDurable: false, Ct);
        world.Disk.IsSlow = true;
        int before = world.Disk.Writes;
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => volume.WriteAsync(i * 4096L, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct).AsTask()));
        Assert.InRange(world.Disk.Writes - before, 2, 50);
        for (int i = 0; i < 100; i++)
            Assert.Equal(VolumeWorld.Pattern(i, 4096), await VolumeWorld.ReadAsync(volume, i * 4096L, 4096));
    }

    [Fact]
    public async Task Ranges_outside_or_between_sectors_are_refused()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        foreach (var (offset, length) in new[] { (8L << 20, 512), (-512L, 512), (100L, 512), (0L, 100), ((8L << 20) - 512, 1024), (long.MaxValue - 511, 512) })
        {
            Assert.Equal(BlockError.OutOfRange, (await Assert.ThrowsAsync<BlockDeviceException>(async () => await volume.WriteAsync(offset, new byte[length], isDurable: false, Ct))).Error);
            Assert.Equal(BlockError.OutOfRange, (await Assert.ThrowsAsync<BlockDeviceException>(async () => await volume.ReadAsync(offset, new byte[length], Ct))).Error);
            Assert.Equal(BlockError.OutOfRange, (await Assert.ThrowsAsync<BlockDeviceException>(async () => await volume.TrimAsync(offset, length, isDurable: false, Ct))).Error);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Describes_what_is_allocated(bool isDrained)
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await volume.WriteAsync(4096, new byte[4096], isDurable: false, Ct);
        await volume.WriteZeroesAsync(8192, 4096, ZeroOptions.KeepAllocated, Ct);
        await volume.WriteAsync(16_384, new byte[4096], isDurable: false, Ct);
        await volume.TrimAsync(18_432, 512, isDurable: false, Ct);
        if (isDrained)
            await volume.DrainAsync(Ct);
        var extents = new BlockExtent[16];
        int count = await volume.DescribeAsync(0, 8 << 20, extents, Ct);
        BlockExtent[] expected =
        [
            new(4096, true, true), new(4096, false, false), new(4096, false, true), new(4096, true, true),
            new(2048, false, false), new(512, true, true), new(1536, false, false), new((8 << 20) - 20_480, true, true),
        ];
        Assert.Equal(expected, extents[..count]);
        Assert.Equal(2, await volume.DescribeAsync(0, 8 << 20, extents.AsMemory(0, 2), Ct));
        Assert.Equal(expected[..2], extents[..2]);
    }

    [Fact]
    public async Task Grows_and_does_not_shrink()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using (var volume = await world.OpenAsync())
        {
            await volume.ResizeAsync(16 << 20, Ct);
            await volume.WriteAsync(12 << 20, VolumeWorld.Pattern(1, 512), isDurable: false, Ct);
            await Assert.ThrowsAsync<BlockDeviceException>(async () => await volume.ResizeAsync(8 << 20, Ct));
        }
        await using var again = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(16 << 20, again.SizeBytes);
        Assert.Equal(VolumeWorld.Pattern(1, 512), await VolumeWorld.ReadAsync(again, 12 << 20, 512));
    }

    [Fact]
    public async Task Unwritten_ranges_read_from_the_base_until_it_is_hydrated()
    {
        var world = new VolumeWorld();
        await world.CreateAsync("base");
        await using var source = await world.OpenAsync("base", new MemoryDirectory());
        byte[] expected = VolumeWorld.Pattern(1, 1 << 20);
        expected.AsSpan(300_032, 200_000 / 512 * 512).Clear();
        await source.WriteAsync(0, expected, isDurable: false, Ct);
        world.Format = world.Format with { HasBase = true };
        await world.CreateAsync();
        var settings = world.Settings() with { Base = source };
        var volume = await LogVolume.OpenAsync(settings, Ct);
        Assert.Equal(expected, await VolumeWorld.ReadAsync(volume, 0, expected.Length));
        VolumeWorld.Pattern(2, 4096).CopyTo(expected, 8192);
        await volume.WriteAsync(8192, VolumeWorld.Pattern(2, 4096), isDurable: false, Ct);
        expected.AsSpan(65_536, 4096).Clear();
        await volume.TrimAsync(65_536, 4096, isDurable: false, Ct);
        Assert.Equal(expected, await VolumeWorld.ReadAsync(volume, 0, expected.Length));
        // A trim over the base survives a cold opening.
        await volume.CloseAsync(Ct);
        await Assert.ThrowsAsync<ArgumentException>(() => world.OpenAsync());
        volume = await LogVolume.OpenAsync(settings, Ct);
        Assert.Equal(expected, await VolumeWorld.ReadAsync(volume, 0, expected.Length));
        await volume.WriteAsync(512, VolumeWorld.Pattern(3, 512), isDurable: false, Ct);
        VolumeWorld.Pattern(3, 512).CopyTo(expected, 512);
        await volume.HydrateAsync(Ct);
        Assert.False(volume.Status.HasBase);
        Assert.Equal(expected, await VolumeWorld.ReadAsync(volume, 0, expected.Length));
        await volume.CloseAsync(Ct);
        await using var alone = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(expected, await VolumeWorld.ReadAsync(alone, 0, expected.Length));
        Assert.Equal(new byte[4096], await VolumeWorld.ReadAsync(alone, 4 << 20, 4096));
    }

    [Fact]
    public async Task An_encrypted_volume_shows_no_plain_text_and_opens_with_its_key_alone()
    {
        var world = new VolumeWorld();
        world.Format = world.Format with { IsEncrypted = true };
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        byte[] data = VolumeWorld.Pattern(1, 64 << 10);
        await volume.WriteAsync(0, data, isDurable: true, Ct);
        // Parts of a record are read without the rest of it.
        Assert.Equal(data[5120..9216], await VolumeWorld.ReadAsync(volume, 5120, 4096));
        Assert.All(world.Disk.Names, n => Assert.Equal(-1, world.Disk.Content(n).AsSpan().IndexOf(data.AsSpan(4096, 64))));
        await volume.DrainAsync(Ct);
        Assert.All(world.Store.Objects.Values, o => Assert.Equal(-1, o.AsSpan().IndexOf(data.AsSpan(4096, 64))));
        await volume.CloseAsync(Ct);
        byte[] right = world.Keys.Keys["k1"];
        world.Keys.Keys["k1"] = VolumeWorld.Pattern(666, 32);
        Assert.Equal(LogFormatError.WrongKey, (await Assert.ThrowsAsync<LogFormatException>(() => world.OpenAsync())).Error);
        world.Keys.Keys.Remove("k1");
        Assert.Equal(LogFormatError.WrongKey, (await Assert.ThrowsAsync<LogFormatException>(() => world.OpenAsync())).Error);
        world.Keys.Keys["k1"] = right;
        await using var again = await world.OpenAsync();
        Assert.Equal(data, await VolumeWorld.ReadAsync(again, 0, data.Length));
    }

    [Fact]
    public async Task After_a_rotation_the_old_key_is_not_needed()
    {
        var world = new VolumeWorld();
        world.Format = world.Format with { IsEncrypted = true };
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: false, Ct);
        await volume.SnapshotAsync("s", Ct);
        world.Keys.Keys["k2"] = VolumeWorld.Pattern(102, 32);
        await volume.RotateKeyAsync("k2", Ct);
        await Assert.ThrowsAsync<LogFormatException>(() => volume.RotateKeyAsync("k3", Ct));
        world.Keys.Keys.Remove("k1");
        await volume.CloseAsync(Ct);
        await using var again = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(again, 0, 4096));
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(await again.OpenSnapshotAsync("s", Ct), 0, 4096));
    }
}
