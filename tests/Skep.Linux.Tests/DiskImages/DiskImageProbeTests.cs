using System.Buffers.Binary;
using Skep.Linux.DiskImages;

namespace Skep.Linux.Tests.DiskImages;

public sealed class DiskImageProbeTests
{
    private const int ClusterSize = 65_536;
    private const long FileLength = 4 * ClusterSize;

    private delegate void Change(Span<byte> header);

    [Fact]
    public void Takes_the_smallest_qcow2_of_either_version()
    {
        Assert.Equal(new DiskImageFacts(DiskImageFormat.Qcow2, 1 << 30, "qcow2"), Judge(Header(version: 2)));
        Assert.Equal(new DiskImageFacts(DiskImageFormat.Qcow2, 1 << 30, "qcow2"), Judge(Header(version: 3)));
    }

    [Fact]
    public void Refuses_a_backing_file_and_names_it()
    {
        var header = Header(version: 3, h =>
        {
            BinaryPrimitives.WriteUInt64BigEndian(h[8..], 512);
            BinaryPrimitives.WriteUInt32BigEndian(h[16..], 11);
            "/etc/shadow"u8.CopyTo(h[512..]);
        });
        var ex = Assert.Throws<DiskImageException>(() => Judge(header));
        Assert.Contains("backing file (/etc/shadow)", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_backing_file_whose_name_lies_outside_the_file()
    {
        var header = Header(version: 2, h => BinaryPrimitives.WriteUInt64BigEndian(h[8..], ulong.MaxValue));
        Assert.Contains("backing file", Assert.Throws<DiskImageException>(() => Judge(header)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_an_external_data_file_by_flag_and_by_extension()
    {
        var byFlag = Header(version: 3, h => BinaryPrimitives.WriteUInt64BigEndian(h[72..], 4));
        Assert.Contains("another file", Assert.Throws<DiskImageException>(() => Judge(byFlag)).Message, StringComparison.Ordinal);
        var byExtension = Header(version: 3, h =>
        {
            BinaryPrimitives.WriteUInt32BigEndian(h[104..], 0x44415441);
            BinaryPrimitives.WriteUInt32BigEndian(h[108..], 4);
        });
        Assert.Contains("external data file", Assert.Throws<DiskImageException>(() => Judge(byExtension)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 4u, "version 4")]
    [InlineData(4, 0u, "version 0")]
    [InlineData(20, 8u, "cluster_bits 8")]
    [InlineData(20, 63u, "cluster_bits 63")]
    [InlineData(24, uint.MaxValue, "virtual size")]
    [InlineData(32, 1u, "encrypted")]
    [InlineData(36, 0u, "l1_size 0")]
    [InlineData(36, uint.MaxValue, "l1_size")]
    [InlineData(40, 1u, "l1_table_offset")]
    [InlineData(44, 0u, "l1_table_offset 0")]
    [InlineData(44, 3u, "l1_table_offset 3")]
    [InlineData(48, 1u, "refcount_table_offset")]
    [InlineData(56, 0u, "refcount_table_clusters 0")]
    [InlineData(56, uint.MaxValue, "refcount_table_clusters")]
    [InlineData(60, uint.MaxValue, "nb_snapshots")]
    [InlineData(72, 1u << 31, "unknown incompatible features")]
    [InlineData(76, 2u, "marked corrupt")]
    [InlineData(96, 7u, "refcount_order 7")]
    [InlineData(100, 8u, "header_length 8")]
    [InlineData(100, uint.MaxValue, "header_length")]
    public void Refuses_a_header_field_outside_its_limits(int offset, uint value, string said)
    {
        var header = Header(version: 3, h => BinaryPrimitives.WriteUInt32BigEndian(h[offset..], value));
        Assert.Contains(said, Assert.Throws<DiskImageException>(() => Judge(header)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_cut_off_anywhere_is_an_error_and_nothing_worse()
    {
        var header = Header(version: 3);
        for (var length = 0; length < 104; length++)
        {
            var cut = header[..length];
            Assert.Throws<DiskImageException>(() => DiskImageProbe.Judge(cut, length, "cut.qcow2"));
        }
    }

    [Fact]
    public void Random_damage_is_judged_without_any_other_failure()
    {
        const int Seed = 20_261;
        var random = new Random(Seed);
        for (var round = 0; round < 20_000; round++)
        {
            var header = Header(version: 2 + round % 2);
            for (var hits = random.Next(1, 6); hits > 0; hits--)
                header[random.Next(0, 160)] = (byte)random.Next(256);
            try
            {
                Judge(header);
            }
            catch (DiskImageException)
            {
                // Refused in words: fine.
            }
        }
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html>", "begins with the text \"<!DOCTYPE html>")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "begins with zeros")]
    [InlineData("KDMV............", "a VMDK")]
    [InlineData("vhdxfile........", "a VHDX")]
    [InlineData("PK\u0003\u0004............", "a ZIP archive")]
    [InlineData("BZh9............", "compressed with bzip2")]
    public void Says_what_a_file_is_that_is_not_a_disk(string start, string said)
    {
        var bytes = new byte[4096];
        System.Text.Encoding.Latin1.GetBytes(start, bytes);
        Assert.Contains(said, Assert.Throws<DiskImageException>(() => DiskImageProbe.Judge(bytes, bytes.Length, "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Knows_raw_disks_by_their_partition_table_or_file_system()
    {
        Assert.Equal("MBR", Raw(b => { b[450] = 0x83; b[510] = 0x55; b[511] = 0xaa; }).Content);
        Assert.Equal("GPT", Raw(b => "EFI PART"u8.CopyTo(b.AsSpan(512))).Content);
        Assert.Equal("ext4", Raw(b => { b[1080] = 0x53; b[1081] = 0xef; }).Content);
        Assert.Equal("xfs", Raw(b => "XFSB"u8.CopyTo(b)).Content);
    }

    [Fact]
    public void Refuses_a_raw_disk_that_ends_within_a_sector()
    {
        var bytes = new byte[4096];
        bytes[1080] = 0x53;
        bytes[1081] = 0xef;
        Assert.Contains("cut off", Assert.Throws<DiskImageException>(() => DiskImageProbe.Judge(bytes, 4097, "x")).Message, StringComparison.Ordinal);
    }

    private static DiskImageFacts Raw(Action<byte[]> change)
    {
        var bytes = new byte[8192];
        change(bytes);
        return DiskImageProbe.Judge(bytes, bytes.Length, "disk.raw");
    }

    private static DiskImageFacts Judge(byte[] header) => DiskImageProbe.Judge(header, FileLength, "image.qcow2");

    private static byte[] Header(int version, Change? change = null)
    {
        var header = new byte[4096];
        var h = header.AsSpan();
        "QFI"u8.CopyTo(h);
        h[3] = 0xfb;
        BinaryPrimitives.WriteUInt32BigEndian(h[4..], (uint)version);
        BinaryPrimitives.WriteUInt32BigEndian(h[20..], 16);
        BinaryPrimitives.WriteUInt64BigEndian(h[24..], 1 << 30);
        BinaryPrimitives.WriteUInt32BigEndian(h[36..], 2);
        BinaryPrimitives.WriteUInt64BigEndian(h[40..], 3 * ClusterSize);
        BinaryPrimitives.WriteUInt64BigEndian(h[48..], ClusterSize);
        BinaryPrimitives.WriteUInt32BigEndian(h[56..], 1);
        if (version == 3)
        {
            BinaryPrimitives.WriteUInt32BigEndian(h[96..], 4);
            BinaryPrimitives.WriteUInt32BigEndian(h[100..], 104);
        }

        change?.Invoke(h);
        return header;
    }
}
