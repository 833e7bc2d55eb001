namespace Skep.Blocks.Log;

/// <summary>
/// An entry of a volume's fence: objects with consecutive numbers that are stored if absent and never deleted while the
/// volume exists, one for each opening and one before each trimming of the manifest log. They make it safe to delete records
/// although their numbers become free by that, and although old hints and requests may turn up late
/// (docs/block-format.md, "Fence").
/// </summary>
/// <param name="Nonce">The opening that made it.</param>
/// <param name="RecordNumber">Whoever does not know of this record looks at an old state of the volume.</param>
internal sealed record VolumeFence(Guid Nonce, ulong RecordNumber)
{
    public const int NonceAt = Envelope.HeaderBytes;

    public ReadOnlyMemory<byte> Write(Guid volumeId)
    {
        var to = Envelope.Begin();
        to.Id(Nonce);
        to.U64(RecordNumber);
        return Envelope.Seal(to, Envelope.Fence, volumeId);
    }

    public static VolumeFence Read(ReadOnlySpan<byte> data, string what, Guid volumeId)
    {
        var from = new ByteReader(Envelope.Open(data, Envelope.Fence, what, volumeId), what);
        var fence = new VolumeFence(from.Id(), from.U64());
        from.End();
        return fence;
    }
}
