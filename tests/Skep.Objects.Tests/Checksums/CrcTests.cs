using System.Text;
using Skep.Objects.Checksums;

namespace Skep.Objects.Tests.Checksums;

/// <summary>Check values: the CRCs of "123456789" in the "Catalogue of parametrised CRC algorithms" (G. Cook).</summary>
public sealed class CrcTests
{
    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32, "cbf43926")]
    [InlineData(ChecksumAlgorithm.Crc32C, "e3069283")]
    [InlineData(ChecksumAlgorithm.Crc64Nvme, "ae8b14860a799888")]
    [InlineData(ChecksumAlgorithm.Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441")]
    [InlineData(ChecksumAlgorithm.Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225")]
    public void The_published_check_value_comes_out(ChecksumAlgorithm algorithm, string expected)
    {
        using var hasher = ChecksumHasher.Create(algorithm);
        hasher.Append("1234"u8);
        hasher.Append("56789"u8);
        var digest = hasher.Finish();
        Assert.Equal(expected, Convert.ToHexStringLower(digest));
        Assert.Equal(ChecksumHasher.SizeBytes(algorithm), digest.Length);
    }

    /// <summary>RFC 3720, appendix B.4: 32 bytes of zeroes, of ones, ascending and descending.</summary>
    [Fact]
    public void Crc32c_agrees_with_iscsi()
    {
        var ascending = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        Assert.Equal(0x8a9136aaUL, Crc.Crc32C.Append(0, new byte[32]));
        Assert.Equal(0x62a8ab43UL, Crc.Crc32C.Append(0, [.. Enumerable.Repeat((byte)0xff, 32)]));
        Assert.Equal(0x46dd794eUL, Crc.Crc32C.Append(0, ascending));
        Assert.Equal(0x113fdb5cUL, Crc.Crc32C.Append(0, [.. ascending.Reverse()]));
    }

    [Fact]
    public void Folding_tables_and_bit_by_bit_agree_at_every_length()
    {
        var bytes = new byte[1_200];
        new Random(1).NextBytes(bytes);
        foreach (var (crc, polynomial) in ((Crc, ulong)[])[(Crc.Crc32, 0xEDB88320), (Crc.Crc32C, 0x82F63B78), (Crc.Crc64Nvme, 0x9A6C9329AC4BC9B5)])
        {
            var mask = crc.SizeBytes == 8 ? ulong.MaxValue : uint.MaxValue;
            var state = mask;
            for (var length = 0; length <= bytes.Length; length++)
            {
                Assert.Equal(state ^ mask, crc.Append(0, bytes.AsSpan(0, length)));
                Assert.Equal(state ^ mask, crc.AppendPortable(0, bytes.AsSpan(0, length)));
                if (length == bytes.Length)
                    break;
                state ^= bytes[length];
                for (var bit = 0; bit < 8; bit++)
                    state = (state & 1) == 0 ? state >> 1 : (state >> 1) ^ polynomial;
            }
        }
    }

    [Fact]
    public void Crcs_of_runs_combine_to_that_of_all()
    {
        var random = new Random(2);
        foreach (var crc in (Crc[])[Crc.Crc32, Crc.Crc32C, Crc.Crc64Nvme])
        {
            for (var i = 0; i < 200; i++)
            {
                var bytes = new byte[random.Next(3_000)];
                random.NextBytes(bytes);
                var at = random.Next(bytes.Length + 1);
                var first = crc.Append(0, bytes.AsSpan(0, at));
                Assert.Equal(crc.Append(0, bytes), crc.Combine(first, crc.Append(0, bytes.AsSpan(at)), bytes.Length - at));
                Assert.Equal(crc.Append(0, bytes), crc.Append(first, bytes.AsSpan(at)));
            }
        }
    }

    [Fact]
    public void Hashes_do_not_combine() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ChecksumHasher.Combine(ChecksumAlgorithm.Sha1, Encoding.ASCII.GetBytes("a"), Encoding.ASCII.GetBytes("b"), 1));
}
