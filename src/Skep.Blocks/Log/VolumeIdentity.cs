namespace Skep.Blocks.Log;

/// <summary>
/// The object that says that a volume exists: made first, deleted last, never changed (docs/block-format.md, "Identity").
/// </summary>
/// <param name="VolumeId">Random; in every object of the volume.</param>
/// <param name="CreationNonce">The nonce of record 1, so that an interrupted creation can be finished.</param>
/// <param name="ParentVolume">The volume that this one was cloned from; empty for none.</param>
/// <param name="ParentId">Its id.</param>
internal sealed record VolumeIdentity(Guid VolumeId, Guid CreationNonce, string ParentVolume, Guid ParentId)
{
    public ReadOnlyMemory<byte> Write()
    {
        var to = Envelope.Begin();
        to.Id(CreationNonce);
        to.Text(ParentVolume);
        to.Id(ParentId);
        return Envelope.Seal(to, Envelope.Identity, VolumeId);
    }

    public static VolumeIdentity Read(ReadOnlySpan<byte> data, string what)
    {
        var from = new ByteReader(Envelope.Open(data, Envelope.Identity, what, out var volumeId), what);
        var identity = new VolumeIdentity(volumeId, from.Id(), from.Text(), from.Id());
        from.End();
        return identity;
    }
}
