using System.Text;

namespace Skep.Linux.DiskImages;

/// <summary>What <see cref="DiskImageProbe"/> found.</summary>
/// <param name="Format">The file's form.</param>
/// <param name="VirtualSizeBytes">Size of the disk that a machine would see.</param>
/// <param name="Content">What a raw disk begins with: "GPT", "MBR", "ext4"…; "qcow2" for that format.</param>
public sealed record DiskImageFacts(DiskImageFormat Format, long VirtualSizeBytes, string Content);

/// <summary>
/// Judges files that somebody hands us before any other program parses them. Reads a few sectors, trusts nothing, and
/// refuses what would make a later reader open other files (backing files, external data files).
/// </summary>
public static class DiskImageProbe
{
    private const int SectorSize = 512;

    /// <summary>Covers the last signature looked for: btrfs' magic at 64 KiB + 64.</summary>
    private const int HeadMax = 68 * 1024;

    /// <summary>Judges a file.</summary>
    /// <exception cref="DiskImageException">It is no disk image, or one that must not be used.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<DiskImageFacts> ReadAsync(string path, CancellationToken ct)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.Asynchronous);
        return await ReadAsync(stream, Path.GetFileName(path), ct);
    }

    /// <summary>Judges an open, seekable file; <paramref name="name"/> is for messages.</summary>
    /// <exception cref="DiskImageException">It is no disk image, or one that must not be used.</exception>
    public static async Task<DiskImageFacts> ReadAsync(Stream stream, string name, CancellationToken ct)
    {
        var head = new byte[HeadMax];
        stream.Position = 0;
        var count = await stream.ReadAtLeastAsync(head, HeadMax, throwOnEndOfStream: false, ct);
        return Judge(head.AsSpan(0, count), stream.Length, name);
    }

    /// <summary>Judges a file by its first bytes and its length.</summary>
    /// <exception cref="DiskImageException">It is no disk image, or one that must not be used.</exception>
    public static DiskImageFacts Judge(ReadOnlySpan<byte> head, long length, string name)
    {
        if (length == 0)
            throw new DiskImageException($"{name} is empty; expected a disk image in qcow2 or raw form");
        if (Qcow2Header.HasMagic(head))
            return new DiskImageFacts(DiskImageFormat.Qcow2, Qcow2Header.Parse(head, length, name).VirtualSizeBytes, "qcow2");
        if (ForeignFormat(head) is { } foreign)
            throw new DiskImageException($"{name} is {foreign}; expected a disk image in qcow2 or raw form");
        if (RawContent(head) is not { } content)
            throw new DiskImageException($"{name} is not a disk: it has neither a qcow2 header nor a partition table or file system ({Describe(head)})");
        if (length % SectorSize != 0)
            throw new DiskImageException($"{name} is cut off: a raw disk has whole sectors of {SectorSize} bytes, this file has {length} bytes");
        return new DiskImageFacts(DiskImageFormat.Raw, length, content);
    }

    private static string? ForeignFormat(ReadOnlySpan<byte> head)
    {
        if (Has(head, 0, "KDMV"u8) || Has(head, 0, "COWD"u8) || Has(head, 0, "# Disk DescriptorFile"u8))
            return "a VMDK; convert it first with `qemu-img convert -f vmdk -O qcow2`";
        if (Has(head, 0, "vhdxfile"u8))
            return "a VHDX; convert it first with `qemu-img convert -f vhdx -O qcow2`";
        if (Has(head, 0, "conectix"u8))
            return "a VHD; convert it first with `qemu-img convert -f vpc -O qcow2`";
        if (Has(head, 64, [0x7f, 0x10, 0xda, 0xbe]))
            return "a VDI; convert it first with `qemu-img convert -f vdi -O qcow2`";
        if (Has(head, 0, "QED\0"u8))
            return "a QED image; convert it first with `qemu-img convert -f qed -O qcow2`";
        if (Has(head, 0, "LUKS"u8))
            return "encrypted with LUKS; only plain disks can be imported";
        if (Has(head, 0, [0x1f, 0x8b]))
            return "compressed with gzip; unpack it first";
        if (Has(head, 0, [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]))
            return "compressed with xz; unpack it first";
        if (Has(head, 0, [0x28, 0xb5, 0x2f, 0xfd]))
            return "compressed with zstd; unpack it first";
        if (Has(head, 0, "BZh"u8))
            return "compressed with bzip2; unpack it first";
        if (Has(head, 0, "PK\u0003\u0004"u8))
            return "a ZIP archive; unpack it first";
        if (Has(head, 257, "ustar"u8))
            return "a tar archive; unpack it first";
        if (Has(head, 0, [0x7f, (byte)'E', (byte)'L', (byte)'F']))
            return "an ELF program";
        // A CD image that also has an MBR (hybrid) boots an installer, it is not an installed system either.
        return Has(head, 0x8001, "CD001"u8) ? "a CD image (ISO 9660)" : null;
    }

    private static string? RawContent(ReadOnlySpan<byte> head)
    {
        if (Has(head, SectorSize, "EFI PART"u8) || Has(head, 4096, "EFI PART"u8))
            return "GPT";
        if (Has(head, 510, [0x55, 0xaa]))
            return HasPartition(head) ? "MBR" : "boot sector";
        if (Has(head, 1024 + 0x38, [0x53, 0xef]))
            return "ext4";
        if (Has(head, 0, "XFSB"u8))
            return "xfs";
        return Has(head, 0x10040, "_BHRfS_M"u8) ? "btrfs" : null;
    }

    /// <summary>Whether the MBR's table (four entries of 16 bytes at 446) has an entry in use.</summary>
    private static bool HasPartition(ReadOnlySpan<byte> head)
    {
        for (var entry = 446; entry < 510; entry += 16)
        {
            if (head[entry + 4] != 0 && head[entry] is 0 or 0x80)
                return true;
        }

        return false;
    }

    private static bool Has(ReadOnlySpan<byte> head, int offset, ReadOnlySpan<byte> magic) =>
        head.Length >= offset + magic.Length && head.Slice(offset, magic.Length).SequenceEqual(magic);

    private static string Describe(ReadOnlySpan<byte> head)
    {
        var start = head[..Math.Min(head.Length, 16)];
        foreach (var b in start)
        {
            if (b is (< 0x20 or > 0x7e) and not ((byte)'\n' or (byte)'\r' or (byte)'\t'))
                return start.IndexOfAnyExcept((byte)0) < 0 ? "it begins with zeros" : $"it begins with bytes {Convert.ToHexString(start)}";
        }

        return $"it begins with the text \"{Encoding.ASCII.GetString(start).ReplaceLineEndings(" ").Trim()}\"";
    }
}
