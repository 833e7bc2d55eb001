using System.Security.Cryptography;
using Skep.Objects.Checksums;

namespace Skep.Objects.Rules;

/// <summary>What makes parts an object (S3: CompleteMultipartUpload).</summary>
public static class Parts
{
    /// <summary>Checks what an upload is begun with.</summary>
    public static void CheckChecksumType(CreateUploadRequest request)
    {
        if (request is { Checksum: { } algorithm, ChecksumType: ChecksumType.FullObject } && !ChecksumHasher.CanCombine(algorithm))
            throw new ObjectException(ObjectError.InvalidArgument, $"a full-object checksum of an upload in parts must be a CRC, not {algorithm}");
    }

    /// <summary>Checks that completion names parts, in order.</summary>
    public static void CheckOrder(CompleteUploadRequest request)
    {
        if (request.Parts.Count == 0)
            throw new ObjectException(ObjectError.InvalidArgument, $"the completion of upload {request.Upload.UploadId} names no part");
        for (var i = 1; i < request.Parts.Count; i++)
        {
            if (request.Parts[i].Number <= request.Parts[i - 1].Number)
                throw new ObjectException(ObjectError.InvalidPartOrder, $"part {request.Parts[i].Number} is named after part {request.Parts[i - 1].Number}");
        }
    }

    /// <summary>Checks the parts that completion names against those uploaded, and puts ETag and checksum together.</summary>
    /// <param name="upload">The upload.</param>
    /// <param name="request">What completion names.</param>
    /// <param name="find">Finds an uploaded part by its number.</param>
    public static CompletedObject Complete(UploadInfo upload, CompleteUploadRequest request, Func<int, PartInfo?> find)
    {
        CheckOrder(request);
        var parts = new List<PartInfo>(request.Parts.Count);
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        var length = 0L;
        for (var i = 0; i < request.Parts.Count; i++)
        {
            var named = request.Parts[i];
            var part = Match(upload, named, find(named.Number));
            if (i < request.Parts.Count - 1 && part.LengthBytes < request.PartBytesMin)
                throw new ObjectException(ObjectError.PartTooSmall, $"part {part.Number} has {part.LengthBytes} bytes, and all but the last must have {request.PartBytesMin}");
            md5.AppendData(Convert.FromHexString(part.ETag));
            length += part.LengthBytes;
            parts.Add(part);
        }

        if (request.LengthBytes is { } expected && expected != length)
            throw new ObjectException(ObjectError.InvalidArgument, $"the parts have {length} bytes together, and {expected} were expected");
        var checksum = Checksum(upload, parts);
        if (request.Checksum is { } claimed && checksum is not null && !claimed.Span.SequenceEqual(checksum.Value.Span))
            throw new ObjectException(ObjectError.BadDigest, $"the {checksum.Algorithm} of upload {upload.UploadId} is {Convert.ToBase64String(checksum.Value.Span)}, expected {Convert.ToBase64String(claimed.Span)}") { Checksum = checksum.Algorithm };
        return new CompletedObject(parts, $"{Convert.ToHexStringLower(md5.GetCurrentHash())}-{parts.Count}", checksum, length);
    }

    private static PartInfo Match(UploadInfo upload, CompletedPart named, PartInfo? part)
    {
        if (part is null)
            throw new ObjectException(ObjectError.InvalidPart, $"part {named.Number} of upload {upload.UploadId} was not uploaded");
        if (part.ETag != named.ETag)
            throw new ObjectException(ObjectError.InvalidPart, $"part {named.Number} has the ETag {part.ETag}, and completion names {named.ETag}");
        if (named.Checksum is { } checksum && (part.Checksum is null || !checksum.Span.SequenceEqual(part.Checksum.Value.Span)))
            throw new ObjectException(ObjectError.InvalidPart, $"part {named.Number} has another checksum than completion names");
        return part;
    }

    private static ObjectChecksum? Checksum(UploadInfo upload, List<PartInfo> parts)
    {
        if (upload.Checksum is not { } algorithm)
            return null;
        if (upload.ChecksumType == ChecksumType.FullObject)
        {
            var value = parts[0].Checksum!.Value;
            foreach (var part in parts.Skip(1))
                value = ChecksumHasher.Combine(algorithm, value.Span, part.Checksum!.Value.Span, part.LengthBytes);
            return new ObjectChecksum(algorithm, ChecksumType.FullObject, value);
        }

        using var hasher = ChecksumHasher.Create(algorithm);
        foreach (var part in parts)
            hasher.Append(part.Checksum!.Value.Span);
        return new ObjectChecksum(algorithm, ChecksumType.Composite, hasher.Finish());
    }
}

/// <summary>An object that parts make.</summary>
public sealed record CompletedObject(IReadOnlyList<PartInfo> Parts, string ETag, ObjectChecksum? Checksum, long LengthBytes);
