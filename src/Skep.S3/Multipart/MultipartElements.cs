using Skep.Objects;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Multipart;

/// <summary>Elements of answers about uploads in parts.</summary>
internal static class MultipartElements
{
    /// <summary>The highest number of a part.</summary>
    public const int PartNumberMax = 10_000;

    /// <summary>A checksum, in the element of its algorithm's name.</summary>
    public static S3Xml Checksum(this S3Xml xml, ObjectChecksum? checksum, int partCount) =>
        checksum is null ? xml : xml.Element(ChecksumHeaders.ElementOf(checksum.Algorithm), ChecksumHeaders.Format(checksum, partCount));

    /// <summary>Which checksum an upload has.</summary>
    public static S3Xml ChecksumKind(this S3Xml xml, UploadInfo upload) =>
        upload.Checksum is { } algorithm
            ? xml.Element("ChecksumAlgorithm", ChecksumHeaders.NameOf(algorithm)).Element("ChecksumType", ChecksumHeaders.NameOf(upload.ChecksumType))
            : xml;

    /// <summary>The upload that the query names.</summary>
    public static UploadAddress UploadOf(S3Call call) => new(call.Bucket, call.Key, call.Query["uploadId"] ?? "");
}
