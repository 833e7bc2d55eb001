using Skep.Blocks.Log;

namespace Skep.Blocks.Tests;

public sealed class Crc32CTests
{
    /// <summary>RFC 3720, appendix B.4.</summary>
    [Fact]
    public void Knows_the_examples_of_the_standard()
    {
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4079)]
    [InlineData(4080)]
    [InlineData(4096)]
    [InlineData(8160)]
    [InlineData(65536)]
    [InlineData(100_003)]
    public void Three_lanes_give_what_one_gives(int length)
    {
        var data = new byte[length];
        new Random(length).NextBytes(data);
        Assert.Equal(Crc32C.UpdateSerially(Crc32C.Start, data), Crc32C.Update(Crc32C.Start, data));
        Assert.Equal(Crc32C.UpdateSerially(0x1234567, data), Crc32C.Update(0x1234567, data));
    }

    [Fact]
    public void Pieces_give_what_the_whole_gives()
    {
        var data = new byte[20_000];
        new Random(7).NextBytes(data);
        uint whole = Crc32C.Compute(data);
        foreach (int cut in (int[])[1, 4080, 4081, 10_000, 19_999])
            Assert.Equal(whole, Crc32C.Finish(Crc32C.Update(Crc32C.Update(Crc32C.Start, data.AsSpan(0, cut)), data.AsSpan(cut))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(2048)]
    public void One_pass_gives_the_sectors_checksums_and_the_whole_s(int sectors)
    {
        var data = new byte[sectors * Extent.SectorBytes];
        new Random(sectors).NextBytes(data);
        var found = new uint[sectors];
        Assert.Equal(Crc32C.UpdateSerially(0x1234567, data), Crc32C.UpdateSectors(0x1234567, data, found));
        for (int i = 0; i < sectors; i++)
            Assert.Equal(Crc32C.Compute(data.AsSpan(i * Extent.SectorBytes, Extent.SectorBytes)), found[i]);
    }
}
