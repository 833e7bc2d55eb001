using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Skep.Blocks.Files;

namespace Skep.Blocks.Log;

/// <summary>A file of the write-ahead log. Its mutable fields belong to the volume's lock.</summary>
internal sealed class WalSegment(string name, IBlockFile file) : IAsyncDisposable
{
    private const int KeyStreamBytes = 4096;

    // A multiple of three: so many are computed at a time.
    private const int CheckedSectors = 96;

    private readonly List<uint> _recordBlocks = [];
    private uint[] _checksums = [];
    private readonly Stack<Aes> _keyStreams = new();
    private byte[]? _key;
    private AesGcm? _cipher;

    public string Name => name;

    public IBlockFile File => file;

    /// <summary>Of the present use; null while the segment is a spare.</summary>
    public WalSegmentHeader? Header { get; private set; }

    /// <summary>Where the next record goes.</summary>
    public int EndBytes { get; set; }

    /// <summary>The last record's number; less than the first's while there is none.</summary>
    public ulong LastSequence { get; set; }

    /// <summary>Records up to this one are durable.</summary>
    public ulong SyncedSequence { get; set; }

    /// <summary>The disk failed in it: the file is not used again.</summary>
    public bool IsBad { get; set; }

    /// <summary>Nothing is appended any more.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Reads under way: the segment is not used again before they end.</summary>
    public int Readers { get; set; }

    /// <summary>All that it has is in the store.</summary>
    public bool IsReleased { get; set; }

    /// <summary>Puts the segment to use.</summary>
    public void Begin(WalSegmentHeader header, VolumeKey? key)
    {
        _cipher?.Dispose();
        (Header, EndBytes, LastSequence, SyncedSequence) = (header, WalSegmentHeader.HeaderBytes, header.FirstSequence - 1, header.FirstSequence - 1);
        (IsClosed, IsReleased) = (false, false);
        _recordBlocks.Clear();
        DropKeyStreams();
        _key = header.IsEncrypted ? (key ?? throw new LogFormatException(LogFormatError.WrongKey, $"{name} is encrypted and the volume is not"))
            .Derive("skep wal", header.VolumeId, header.Salt) : null;
        _cipher = _key is null ? null : new AesGcm(_key, VolumeKey.TagBytes);
    }

    /// <summary>Takes note of a record, under the volume's lock.</summary>
    public void Append(ulong sequence, int totalBytes)
    {
        if (_key is not null)
            _recordBlocks.Add((uint)(EndBytes / WalRecordHeader.HeaderBytes));
        EndBytes += totalBytes;
        LastSequence = sequence;
    }

    /// <summary>
    /// Keeps the checksum of every sector of a record's data, as it stands in the file: what the disk gives back later is
    /// neither served nor brought to the store unless it is that. Of what turns out to be no record they are never used.
    /// </summary>
    /// <param name="checksum">The record's checksum so far.</param>
    /// <param name="at">Where in the file.</param>
    /// <param name="data">Whole sectors.</param>
    /// <returns>The record's checksum with this data.</returns>
    public uint KeepChecksums(uint checksum, int at, ReadOnlySpan<byte> data)
    {
        if (_checksums.Length == 0)
            _checksums = new uint[file.LengthBytes / Extent.SectorBytes];
        return Crc32C.UpdateSectors(checksum, data, _checksums.AsSpan(at / Extent.SectorBytes));
    }

    /// <summary>Encrypts a record's data; one caller at a time.</summary>
    public void Encrypt(int recordAt, ReadOnlySpan<byte> header, ReadOnlySpan<byte> data, Span<byte> encrypted, Span<byte> tag) =>
        _cipher!.Encrypt(Nonce(recordAt), data, encrypted, tag, header);

    /// <summary>Decrypts a record's data and checks its tag; for replay.</summary>
    /// <exception cref="AuthenticationTagMismatchException">It is not what was written.</exception>
    public void Decrypt(int recordAt, ReadOnlySpan<byte> header, ReadOnlySpan<byte> encrypted, Span<byte> data, ReadOnlySpan<byte> tag) =>
        _cipher!.Decrypt(Nonce(recordAt), encrypted, tag, data, header);

    /// <summary>Where the record begins that has a byte of data, under the volume's lock; 0 when the segment is not encrypted.</summary>
    public int FindRecord(int at)
    {
        if (_key is null)
            return 0;
        int found = _recordBlocks.BinarySearch((uint)(at / WalRecordHeader.HeaderBytes));
        return (int)_recordBlocks[found >= 0 ? found : ~found - 1] * WalRecordHeader.HeaderBytes;
    }

    /// <summary>Reads data that was appended.</summary>
    /// <param name="recordAt">What <see cref="FindRecord"/> said.</param>
    /// <param name="at">The first byte in the file, in the data of that record.</param>
    /// <param name="destination">Whole sectors.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="IOException">The disk failed, or it is not what was appended.</exception>
    public async ValueTask ReadAsync(int recordAt, int at, Memory<byte> destination, CancellationToken ct)
    {
        int read = await file.ReadAsync(at, destination, ct);
        if (read != destination.Length)
            throw new IOException($"{name} ends after {at + read} bytes, {at + destination.Length} were expected");
        CheckSectors(at, destination.Span);
        if (_key is not null)
            ApplyKeyStream(recordAt, at - recordAt - WalRecordHeader.HeaderBytes, destination.Span);
    }

    public ValueTask DisposeAsync()
    {
        _cipher?.Dispose();
        DropKeyStreams();
        return file.DisposeAsync();
    }

    private void CheckSectors(int at, ReadOnlySpan<byte> data)
    {
        Span<uint> found = stackalloc uint[CheckedSectors];
        while (data.Length > 0)
        {
            var part = data[..Math.Min(data.Length, CheckedSectors * Extent.SectorBytes)];
            int sectors = part.Length / Extent.SectorBytes;
            Crc32C.UpdateSectors(Crc32C.Start, part, found);
            int same = found[..sectors].CommonPrefixLength(_checksums.AsSpan(at / Extent.SectorBytes, sectors));
            if (same < sectors)
                throw new IOException($"{name} is damaged: the sector at {at + same * Extent.SectorBytes} is not what was appended");
            at += part.Length;
            data = data[part.Length..];
        }
    }

    // Records begin at multiples of 4 KiB and are never overwritten within a generation, so a record's place is a nonce
    // that does not repeat under the generation's key.
    private static byte[] Nonce(int recordAt) => VolumeKey.Nonce((ulong)(recordAt / WalRecordHeader.HeaderBytes));

    /// <summary>
    /// Decrypts a part of a record without its tag, which is checked at replay: AES-GCM's data is AES-CTR with the block
    /// counter starting at 2 (NIST SP 800-38D, 7.1).
    /// </summary>
    private void ApplyKeyStream(int recordAt, int dataOffset, Span<byte> data)
    {
        const int BlockBytes = 16;
        Span<byte> counters = stackalloc byte[KeyStreamBytes];
        Span<byte> stream = stackalloc byte[KeyStreamBytes];
        var nonce = Nonce(recordAt);
        for (int at = 0; at < KeyStreamBytes; at += BlockBytes)
            nonce.CopyTo(counters[at..]);
        uint counter = (uint)(dataOffset / BlockBytes) + 2;
        var aes = RentKeyStream();
        while (data.Length > 0)
        {
            int count = Math.Min(data.Length, KeyStreamBytes);
            for (int at = 0; at < count; at += BlockBytes)
                BinaryPrimitives.WriteUInt32BigEndian(counters[(at + BlockBytes - 4)..], counter++);
            aes.EncryptEcb(counters[..count], stream, PaddingMode.None);
            Xor(data[..count], stream);
            data = data[count..];
        }
        lock (_keyStreams)
            _keyStreams.Push(aes);
    }

    /// <summary>Nobody reads: a segment begins anew only when its readers are gone.</summary>
    private void DropKeyStreams()
    {
        lock (_keyStreams)
            while (_keyStreams.TryPop(out var aes))
                aes.Dispose();
    }

    private Aes RentKeyStream()
    {
        lock (_keyStreams)
            if (_keyStreams.TryPop(out var idle))
                return idle;
        var aes = Aes.Create();
        aes.Key = _key!;
        return aes;
    }

    private static void Xor(Span<byte> data, ReadOnlySpan<byte> stream)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        var streamWords = MemoryMarshal.Cast<byte, ulong>(stream);
        for (int i = 0; i < words.Length; i++)
            words[i] ^= streamWords[i];
    }
}
