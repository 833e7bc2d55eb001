using System.Buffers.Binary;

namespace Skep.Blocks.Log.Replication;

/// <summary>Whose log a connection is about: the payload of hello, adopt and fetch.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="WalId">The log.</param>
/// <param name="Epoch">The opener's epoch; with a fetch that of the opener before.</param>
/// <param name="NewWalId">With an adoption, the id that the log gets beside its own.</param>
internal readonly record struct ReplicaHandshake(Guid VolumeId, Guid WalId, uint Epoch, Guid NewWalId)
{
    public const int PayloadBytes = 56;

    public void Write(Span<byte> payload)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(payload, ReplicaFrame.Version);
        payload[2..4].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(payload[4..], Epoch);
        VolumeId.TryWriteBytes(payload[8..], bigEndian: true, out _);
        WalId.TryWriteBytes(payload[24..], bigEndian: true, out _);
        NewWalId.TryWriteBytes(payload[40..], bigEndian: true, out _);
    }

    /// <exception cref="ReplicaException">It is none, or of a version that this program does not speak.</exception>
    public static ReplicaHandshake Read(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != PayloadBytes)
            throw new ReplicaException(ReplicaRefusal.Protocol, $"a handshake has {payload.Length} bytes, expected {PayloadBytes}");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(payload);
        if (version != ReplicaFrame.Version)
            throw new ReplicaException(ReplicaRefusal.Protocol, $"the other end speaks version {version} of the protocol, this program version {ReplicaFrame.Version}");
        return new ReplicaHandshake(
            new Guid(payload.Slice(8, 16), bigEndian: true),
            new Guid(payload.Slice(24, 16), bigEndian: true),
            BinaryPrimitives.ReadUInt32LittleEndian(payload[4..]),
            new Guid(payload.Slice(40, 16), bigEndian: true));
    }
}
