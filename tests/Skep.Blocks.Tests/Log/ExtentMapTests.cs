using Skep.Blocks.Log;

namespace Skep.Blocks.Tests.Log;

public sealed class ExtentMapTests
{
    private const int Sectors = 4000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Agrees_with_a_table_of_single_sectors(int seed)
    {
        var random = new Random(seed);
        var map = new ExtentMap();
        var oracle = new (uint Source, uint Offset)[Sectors];
        for (int step = 0; step < 5_000; step++)
        {
            ulong start = (ulong)random.Next(Sectors);
            // Mostly small, so that there are many extents; sometimes large, so that whole chunks go.
            int length = Math.Min(Sectors - (int)start, random.Next(20) == 0 ? random.Next(1, 1500) : random.Next(1, 6));
            uint source = random.Next(8) == 0 ? Extent.Hole : (uint)random.Next(1, 5);
            uint offset = source == Extent.Hole ? 7 : random.Next(3) == 0 ? (uint)start : (uint)random.Next(10_000);
            List<Extent> displaced = [];
            if (random.Next(4) == 0)
                (source, _) = (0, 0);
            if (source == 0)
                map.Remove(start, start + (ulong)length, displaced);
            else
                map.Set(new Extent(start, (uint)length, source, offset), displaced);
            var expectedDisplaced = Expected(oracle, (int)start, (int)start + length);
            Assert.Equal(expectedDisplaced, displaced.SelectMany(Flatten));
            for (int i = 0; i < length; i++)
                oracle[(int)start + i] = source == 0 ? default : (source, source == Extent.Hole ? offset : offset + (uint)i);
            if (step % 500 == 0)
                Check(map, oracle, random);
        }
        Check(map, oracle, random);
    }

    [Fact]
    public void Joins_what_continues_and_nothing_else()
    {
        var map = new ExtentMap();
        map.Set(new Extent(10, 5, 1, 100), null);
        map.Set(new Extent(20, 5, 1, 110), null);
        map.Set(new Extent(15, 5, 1, 105), null);
        Assert.Equal(1, map.Count);
        map.Set(new Extent(25, 5, 1, 116), null);
        map.Set(new Extent(30, 5, 2, 121), null);
        Assert.Equal(3, map.Count);
        map.Set(new Extent(40, 5, Extent.Hole, 3), null);
        map.Set(new Extent(45, 5, Extent.Hole, 3), null);
        map.Set(new Extent(50, 5, Extent.Hole, 4), null);
        Assert.Equal(5, map.Count);
    }

    [Fact]
    public void Takes_at_most_24_bytes_an_extent()
    {
        var map = new ExtentMap();
        var random = new Random(5);
        Assert.Equal(20, System.Runtime.CompilerServices.Unsafe.SizeOf<Extent>());
        for (int i = 0; i < 200_000; i++)
            map.Set(new Extent((ulong)random.NextInt64(1L << 31) * 8, 8, 1, (uint)random.Next()), null);
        Assert.InRange(map.MemoryBytes / (double)map.Count, 20, 24);
    }

    private static void Check(ExtentMap map, (uint Source, uint Offset)[] oracle, Random random)
    {
        var all = map.All().ToList();
        Assert.Equal(map.Count, all.Count);
        for (int i = 1; i < all.Count; i++)
        {
            Assert.True(all[i - 1].End <= all[i].Start);
        }
        Assert.Equal(Expected(oracle, 0, Sectors), all.SelectMany(Flatten));
        Assert.Equal(oracle.Count(o => o.Source is not 0 and < Extent.SourceMax), map.DataSectors);
        for (int i = 0; i < 50; i++)
        {
            int from = random.Next(Sectors), to = Math.Min(Sectors, from + random.Next(1, 300));
            List<Extent> found = [];
            map.Collect((ulong)from, (ulong)to, found);
            Assert.Equal(Expected(oracle, from, to), found.SelectMany(Flatten));
        }
    }

    private static IEnumerable<(ulong, uint, uint)> Expected((uint Source, uint Offset)[] oracle, int from, int to)
    {
        for (int i = from; i < to; i++)
            if (oracle[i].Source != 0)
                yield return ((ulong)i, oracle[i].Source, oracle[i].Offset);
    }

    private static IEnumerable<(ulong, uint, uint)> Flatten(Extent extent)
    {
        for (uint i = 0; i < extent.Length; i++)
            yield return (extent.Start + i, extent.Source, extent.IsData ? extent.Offset + i : extent.Offset);
    }
}
