namespace Skep.Objects;

/// <summary>A call failed in a way that its caller can be told. The message names the bucket, the key and what happened.</summary>
public sealed class ObjectException(ObjectError error, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Which failure it is.</summary>
    public ObjectError Error { get; } = error;

    /// <summary>The delete marker that was met, where that is the reason (S3 answers with its version id).</summary>
    public ObjectVersion? Marker { get; init; }

    /// <summary>Which checksum it is that does not match, where it is not the MD5.</summary>
    public ChecksumAlgorithm? Checksum { get; init; }
}
