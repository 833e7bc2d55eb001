using System.Buffers.Binary;
using System.Text;

namespace Skep.Linux.DiskImages;

/// <summary>
/// The header of a qcow2 file, checked field by field. Layout and limits: docs/interop/qcow2.rst in QEMU's source,
/// sections "Header" and "Header extensions".
/// </summary>
/// <param name="Version">2 or 3.</param>
/// <param name="ClusterBits">Logarithm of the cluster's size: 9 to 21.</param>
/// <param name="VirtualSizeBytes">The size of the disk that a machine sees.</param>
public sealed record Qcow2Header(int Version, int ClusterBits, long VirtualSizeBytes)
{
    private const int Version2Length = 72;
    private const int Version3LengthMin = 104;

    /// <summary>The largest disk accepted: 64 TiB, EBS' own limit.</summary>
    private const long VirtualSizeMax = 64L << 40;

    /// <summary>QEMU's QCOW_MAX_L1_SIZE and QCOW_MAX_REFTABLE_SIZE, in bytes.</summary>
    private const long L1BytesMax = 32L << 20;
    private const long RefcountTableBytesMax = 8L << 20;
    private const int SnapshotsMax = 65_536;

    private const ulong FeatureDirty = 1;
    private const ulong FeatureCorrupt = 2;
    private const ulong FeatureExternalData = 4;
    private const ulong FeatureCompressionType = 8;
    private const ulong FeatureExtendedL2 = 16;
    private const ulong FeaturesKnown = FeatureDirty | FeatureCorrupt | FeatureExternalData | FeatureCompressionType | FeatureExtendedL2;

    private const uint ExtensionEnd = 0;
    private const uint ExtensionDataFile = 0x44415441;
    private const int ExtensionsMax = 64;

    private static ReadOnlySpan<byte> Magic => [(byte)'Q', (byte)'F', (byte)'I', 0xfb];

    /// <summary>Whether bytes begin like a qcow2 file.</summary>
    public static bool HasMagic(ReadOnlySpan<byte> head) => head.StartsWith(Magic);

    /// <summary>
    /// Reads the header of a file that must stand alone: a backing file, an external data file and encryption are refused.
    /// </summary>
    /// <param name="head">The file's first bytes, at least the whole first cluster's header part.</param>
    /// <param name="length">The file's length in bytes.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <exception cref="DiskImageException">A field breaks its rule, or the file would lead to another file.</exception>
    public static Qcow2Header Parse(ReadOnlySpan<byte> head, long length, string name)
    {
        if (head.Length < Version2Length)
            throw Corrupt(name, $"the file has {length} bytes, its header alone needs {Version2Length}");
        var version = U32(head, 4);
        if (version is not (2 or 3))
            throw Corrupt(name, $"version {version}, expected 2 or 3");
        if (version == 3 && head.Length < Version3LengthMin)
            throw Corrupt(name, $"the file has {length} bytes, its header alone needs {Version3LengthMin}");
        var headerLength = version == 2 ? Version2Length : U32(head, 100);
        var clusterBits = U32(head, 20);
        if (clusterBits is < 9 or > 21)
            throw Corrupt(name, $"cluster_bits {clusterBits}, expected 9 to 21");
        var clusterSize = 1L << (int)clusterBits;
        if (version == 3 && (headerLength < Version3LengthMin || headerLength > clusterSize || headerLength % 8 != 0))
            throw Corrupt(name, $"header_length {headerLength}, expected a multiple of 8 from {Version3LengthMin} to {clusterSize}");

        RefuseBackingFile(head, name);
        if (U32(head, 32) is var encryption and not 0)
            throw new DiskImageException($"{name} is encrypted (crypt_method {encryption}); only plain disks can be imported");
        var size = U64(head, 24);
        if (size == 0 || size > VirtualSizeMax)
            throw Corrupt(name, $"virtual size {size} bytes, expected 1 to {VirtualSizeMax}");

        var extendedL2 = false;
        if (version == 3)
        {
            extendedL2 = CheckFeatures(U64(head, 72), name);
            if (U32(head, 96) is var refcountOrder and > 6)
                throw Corrupt(name, $"refcount_order {refcountOrder}, expected 0 to 6");
            RefuseDataFile(head, (int)headerLength, clusterSize, name);
        }

        CheckTables(head, (long)size, length, clusterSize, extendedL2, name);
        return new Qcow2Header((int)version, (int)clusterBits, (long)size);
    }

    private static void RefuseBackingFile(ReadOnlySpan<byte> head, string name)
    {
        var offset = U64(head, 8);
        if (offset == 0)
            return;
        var length = U32(head, 16);
        var shown = offset < (ulong)head.Length && length is > 0 and <= 1023 && (int)offset + (int)length <= head.Length
            ? Encoding.UTF8.GetString(head.Slice((int)offset, (int)length))
            : $"at offset {offset}";
        throw new DiskImageException(
            $"{name} has a backing file ({shown}): an imported image must stand alone. Make one that does with `qemu-img convert -O qcow2`");
    }

    private static bool CheckFeatures(ulong incompatible, string name)
    {
        if ((incompatible & ~FeaturesKnown) is var unknown and not 0)
            throw Corrupt(name, $"unknown incompatible features 0x{unknown:x}");
        if ((incompatible & FeatureCorrupt) != 0)
            throw Corrupt(name, "it is marked corrupt; repair it with `qemu-img check -r all`");
        if ((incompatible & FeatureExternalData) != 0)
            throw new DiskImageException($"{name} keeps its data in another file: an imported image must stand alone. Make one that does with `qemu-img convert -O qcow2`");
        return (incompatible & FeatureExtendedL2) != 0;
    }

    private static void RefuseDataFile(ReadOnlySpan<byte> head, int headerLength, long clusterSize, string name)
    {
        var offset = headerLength;
        for (var i = 0; i < ExtensionsMax && offset + 8 <= Math.Min(head.Length, clusterSize); i++)
        {
            var type = U32(head, offset);
            if (type == ExtensionEnd)
                return;
            if (type == ExtensionDataFile)
                throw new DiskImageException($"{name} names an external data file: an imported image must stand alone. Make one that does with `qemu-img convert -O qcow2`");
            var length = U32(head, offset + 4);
            if (length > clusterSize - offset - 8)
                throw Corrupt(name, $"header extension 0x{type:x8} of {length} bytes does not fit the first cluster");
            offset += 8 + ((int)length + 7) / 8 * 8;
        }
    }

    private static void CheckTables(ReadOnlySpan<byte> head, long size, long length, long clusterSize, bool extendedL2, string name)
    {
        var l1Entries = U32(head, 36);
        // One L2 table is one cluster of 8-byte entries (16 with subclusters), each for one cluster of data.
        var bytesPerL1Entry = clusterSize * (clusterSize / (extendedL2 ? 16 : 8));
        var l1EntriesMin = (size + bytesPerL1Entry - 1) / bytesPerL1Entry;
        if (l1Entries < l1EntriesMin || l1Entries * 8L > L1BytesMax)
            throw Corrupt(name, $"l1_size {l1Entries}, expected {l1EntriesMin} to {L1BytesMax / 8}");
        CheckTable("l1_table_offset", U64(head, 40), l1Entries * 8L, length, clusterSize, name);

        var refcountBytes = U32(head, 56) * clusterSize;
        if (refcountBytes == 0 || refcountBytes > Math.Max(RefcountTableBytesMax, clusterSize))
            throw Corrupt(name, $"refcount_table_clusters {U32(head, 56)}, expected 1 to {RefcountTableBytesMax / clusterSize}");
        CheckTable("refcount_table_offset", U64(head, 48), 8, length, clusterSize, name);

        if (U32(head, 60) is var snapshots and > SnapshotsMax)
            throw Corrupt(name, $"nb_snapshots {snapshots}, expected at most {SnapshotsMax}");
    }

    private static void CheckTable(string field, ulong offset, long bytes, long length, long clusterSize, string name)
    {
        if (offset == 0 || offset % (ulong)clusterSize != 0)
            throw Corrupt(name, $"{field} {offset}, expected a multiple of the cluster size {clusterSize}");
        if (offset > long.MaxValue || (long)offset > length - bytes)
            throw Corrupt(name, $"{field} {offset} lies beyond the end of the file ({length} bytes): the file is cut off");
    }

    private static uint U32(ReadOnlySpan<byte> head, int offset) => BinaryPrimitives.ReadUInt32BigEndian(head[offset..]);

    private static ulong U64(ReadOnlySpan<byte> head, int offset) => BinaryPrimitives.ReadUInt64BigEndian(head[offset..]);

    private static DiskImageException Corrupt(string name, string why) => new($"{name} has a corrupt qcow2 header: {why}");
}
