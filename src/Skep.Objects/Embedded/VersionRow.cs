using Skep.Objects.Rules;

namespace Skep.Objects.Embedded;

/// <summary>A row of objects or versions.</summary>
internal sealed record VersionRow
{
    public required byte[] Key { get; init; }

    public required long Sequence { get; init; }

    public required bool IsNull { get; init; }

    public bool IsMarker { get; init; }

    public required long ModifiedMs { get; init; }

    public long LengthBytes { get; init; }

    public string ETag { get; init; } = "";

    /// <summary>The content; 0 for none.</summary>
    public long Content { get; init; }

    /// <summary>The upload that made it, or 0.</summary>
    public long Upload { get; init; }

    /// <summary>What <see cref="MetaCodec"/> made; empty for delete markers.</summary>
    public byte[] Meta { get; init; } = [];

    /// <summary>Whether the row is in objects rather than in versions.</summary>
    public bool IsCurrent { get; init; }

    public DateTimeOffset LastModified => DateTimeOffset.FromUnixTimeMilliseconds(ModifiedMs);

    public string VersionId(VersionIds ids) => IsNull ? ObjectVersion.NullId : ids.Format(Sequence);

    /// <summary>What callers see.</summary>
    public ObjectVersion Describe(VersionIds ids, bool isLatest)
    {
        var (metadata, checksum, partCount) = MetaCodec.Decode(Meta);
        return new ObjectVersion
        {
            Key = Keys.Decode(Key),
            VersionId = VersionId(ids),
            Sequence = Sequence,
            IsLatest = isLatest,
            IsDeleteMarker = IsMarker,
            LengthBytes = LengthBytes,
            ETag = ETag,
            LastModified = LastModified,
            Checksum = checksum,
            PartCount = partCount,
            Metadata = metadata,
        };
    }
}
