using System.Security.Cryptography;
using Skep.Blocks.Compression;

namespace Skep.Blocks.Tests.Compression;

public sealed class ZstdTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(524_288)]
    public void What_was_compressed_comes_back(int length)
    {
        var (plain, frame) = Make(length);
        var back = new byte[length];
        Assert.True(Zstd.TryDecompress(frame, back));
        Assert.Equal(plain, back);
    }

    [Fact]
    public void A_frame_is_what_the_ordinary_tool_reads()
    {
        // printf 'hello hello hello hello hello hello' | zstd -3 -c | xxd -p
        var frame = Convert.FromHexString("28b52ffd04586500003068656c6c6f200100b94b112be168e7");
        var back = new byte[35];
        Assert.True(Zstd.TryDecompress(frame, back));
        Assert.Equal("hello hello hello hello hello hello"u8.ToArray(), back);
    }

    [Fact]
    public void A_frame_of_another_length_is_refused_and_nothing_is_written_beyond_the_destination()
    {
        var (_, frame) = Make(1000);
        Assert.False(Zstd.TryDecompress(frame, new byte[1001]));
        var guarded = new byte[1000];
        Assert.False(Zstd.TryDecompress(frame, guarded.AsSpan(0, 999)));
        Assert.Equal(0, guarded[999]);
    }

    [Fact]
    public void A_frame_cut_anywhere_is_refused()
    {
        var (_, frame) = Make(300);
        for (var length = 0; length < frame.Length; length++)
            Assert.False(Zstd.TryDecompress(frame.AsSpan(0, length), new byte[300]), $"cut to {length} of {frame.Length}");
    }

    [Fact]
    public void A_destination_that_is_too_small_is_said()
    {
        var random = RandomNumberGenerator.GetBytes(1000);
        Assert.Equal(0, Zstd.Compress(random, new byte[900], 1));
        Assert.True(Zstd.Compress(random, new byte[Zstd.CompressedLengthMax(1000)], 1) > 0);
    }

    private static (byte[] Plain, byte[] Frame) Make(int length)
    {
        var plain = new byte[length];
        for (var i = 0; i < length; i++)
            plain[i] = (byte)(i * i / 7);
        var frame = new byte[Zstd.CompressedLengthMax(length)];
        return (plain, frame[..Zstd.Compress(plain, frame, 1)]);
    }
}
