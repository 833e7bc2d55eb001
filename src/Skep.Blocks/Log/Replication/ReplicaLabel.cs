using System.Buffers.Binary;

namespace Skep.Blocks.Log.Replication;

/// <summary>
/// What a keeper knows of a volume beside the records: the youngest epoch that it has heard of, and by which ids the log is
/// known (docs/block-replica.md, "On the keeper's disk").
/// </summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="Epoch">Openers of earlier epochs are refused.</param>
/// <param name="WriterEpoch">The epoch of the last opener that wrote.</param>
/// <param name="Base">The last record that it had found when it opened: what earlier openers sent behind that is void.</param>
/// <param name="WalIds">The log's ids, the oldest first.</param>
internal sealed record ReplicaLabel(Guid VolumeId, uint Epoch, uint WriterEpoch, ulong Base, IReadOnlyList<Guid> WalIds)
{
    private const int WalIdsMax = 1024;
    private const int FixedBytes = 48;
    private const int ChecksumAt = 44;
    private const ushort Version = 1;
    private static ReadOnlySpan<byte> Magic => "SKEPWREP"u8;

    public byte[] Write()
    {
        byte[] data = new byte[FixedBytes + WalIds.Count * 16];
        Magic.CopyTo(data);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(10), (ushort)WalIds.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(12), Epoch);
        VolumeId.TryWriteBytes(data.AsSpan(16), bigEndian: true, out _);
        for (int i = 0; i < WalIds.Count; i++)
            WalIds[i].TryWriteBytes(data.AsSpan(FixedBytes + i * 16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(32), WriterEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(36), Base);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(ChecksumAt), Checksum(data));
        return data;
    }

    /// <exception cref="LogFormatException">It is something else, newer, or damaged.</exception>
    public static ReplicaLabel Read(ReadOnlySpan<byte> data, string what)
    {
        if (data.Length < FixedBytes || !data[..8].SequenceEqual(Magic))
            throw new LogFormatException(LogFormatError.Foreign, $"{what} is no label of a replica");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(data[8..]);
        if (version is 0 or > Version)
            throw new LogFormatException(LogFormatError.Newer, $"{what} has format version {version}, this program reads up to {Version}");
        int count = BinaryPrimitives.ReadUInt16LittleEndian(data[10..]);
        if (count > WalIdsMax || data.Length != FixedBytes + count * 16 || Checksum(data) != BinaryPrimitives.ReadUInt32LittleEndian(data[ChecksumAt..]))
            throw new LogFormatException(LogFormatError.Damaged, $"{what} is damaged");
        var ids = new Guid[count];
        for (int i = 0; i < count; i++)
            ids[i] = new Guid(data.Slice(FixedBytes + i * 16, 16), bigEndian: true);
        return new ReplicaLabel(
            new Guid(data.Slice(16, 16), bigEndian: true), BinaryPrimitives.ReadUInt32LittleEndian(data[12..]),
            BinaryPrimitives.ReadUInt32LittleEndian(data[32..]), BinaryPrimitives.ReadUInt64LittleEndian(data[36..]), ids);
    }

    /// <summary>The same with one more id, without those that nothing needs when there are too many.</summary>
    public ReplicaLabel With(uint epoch, Guid walId, HashSet<Guid> needed)
    {
        List<Guid> ids = [.. WalIds.Where(id => id != walId), walId];
        for (int i = 0; ids.Count > WalIdsMax / 2 && i < ids.Count - WalIdsMax / 4;)
            if (needed.Contains(ids[i]))
                i++;
            else
                ids.RemoveAt(i);
        return this with { Epoch = epoch, WalIds = ids };
    }

    private static uint Checksum(ReadOnlySpan<byte> data) =>
        Crc32C.Finish(Crc32C.Update(Crc32C.Update(Crc32C.Start, data[..ChecksumAt]), data[FixedBytes..]));
}
