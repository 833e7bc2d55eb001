namespace Skep.Objects;

/// <summary>What is to be stored, and under which conditions.</summary>
public sealed record PutRequest
{
    /// <summary>The bucket.</summary>
    public required string Bucket { get; init; }

    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>What is stored beside the bytes.</summary>
    public ObjectMetadata Metadata { get; init; } = ObjectMetadata.Empty;

    /// <summary>What must hold at the moment of the write.</summary>
    public WriteConditions Conditions { get; init; } = WriteConditions.None;

    /// <summary>What is known of the body.</summary>
    public BodyClaims Body { get; init; } = BodyClaims.None;
}
