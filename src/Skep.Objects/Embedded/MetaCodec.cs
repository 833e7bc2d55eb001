namespace Skep.Objects.Embedded;

/// <summary>The column meta: format 1, then metadata, checksum and number of parts.</summary>
internal static class MetaCodec
{
    private const int Format = 1;
    private const int NoChecksum = -1;

    /// <summary>The stored form.</summary>
    public static byte[] Encode(ObjectMetadata metadata, ObjectChecksum? checksum, int partCount)
    {
        var writer = new MetaWriter().Number(Format).Pairs(metadata.Headers).Pairs(metadata.Tags).Text(metadata.Owner)
            .Bytes(metadata.Acl.Span).Bytes(metadata.Encryption.Span)
            .Number((long)metadata.Retention.Mode).Number(metadata.Retention.Until.UtcTicks).Number(metadata.IsLegalHold ? 1 : 0)
            .Number(partCount);
        return Checksum(writer, checksum).ToArray();
    }

    /// <summary>Reads the stored form.</summary>
    public static (ObjectMetadata Metadata, ObjectChecksum? Checksum, int PartCount) Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return (ObjectMetadata.Empty, null, 0); // a delete marker
        var reader = new MetaReader(bytes);
        if (reader.Number() is var format && format != Format)
            throw new ObjectException(ObjectError.Damaged, $"the metadata of a version in the database has format {format}, expected {Format}");
        var metadata = new ObjectMetadata
        {
            Headers = reader.Pairs(),
            Tags = reader.Pairs(),
            Owner = reader.Text(),
            Acl = reader.Bytes().ToArray(),
            Encryption = reader.Bytes().ToArray(),
            Retention = new Retention((RetentionMode)reader.Number(), new DateTimeOffset(reader.Number(), TimeSpan.Zero)),
            IsLegalHold = reader.Number() != 0,
        };
        var partCount = (int)reader.Number();
        return (metadata, Checksum(ref reader), partCount);
    }

    /// <summary>The stored form of a checksum by itself; null for none.</summary>
    public static byte[]? EncodeChecksum(ObjectChecksum? checksum) => checksum is null ? null : Checksum(new MetaWriter(), checksum).ToArray();

    /// <summary>Reads it.</summary>
    public static ObjectChecksum? DecodeChecksum(byte[]? bytes)
    {
        if (bytes is null)
            return null;
        var reader = new MetaReader(bytes);
        return Checksum(ref reader);
    }

    private static MetaWriter Checksum(MetaWriter writer, ObjectChecksum? checksum) => checksum is null
        ? writer.Number(NoChecksum)
        : writer.Number((long)checksum.Algorithm).Number((long)checksum.Type).Bytes(checksum.Value.Span);

    private static ObjectChecksum? Checksum(ref MetaReader reader)
    {
        var algorithm = reader.Number();
        return algorithm == NoChecksum ? null : new ObjectChecksum((ChecksumAlgorithm)algorithm, (ChecksumType)reader.Number(), reader.Bytes().ToArray());
    }
}
