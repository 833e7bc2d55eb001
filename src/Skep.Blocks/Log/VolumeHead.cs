namespace Skep.Blocks.Log;

/// <summary>A hint where opening begins; old, damaged or missing it costs time alone (docs/block-format.md, "Head").</summary>
internal static class VolumeHead
{
    public static ReadOnlyMemory<byte> Write(ulong checkpoint, Guid volumeId)
    {
        var to = Envelope.Begin();
        to.U64(checkpoint);
        return Envelope.Seal(to, Envelope.Head, volumeId);
    }

    public static ulong Read(ReadOnlySpan<byte> data, string what, Guid volumeId)
    {
        var from = new ByteReader(Envelope.Open(data, Envelope.Head, what, volumeId), what);
        ulong checkpoint = from.U64();
        from.End();
        return checkpoint;
    }
}
