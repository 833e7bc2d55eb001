namespace Skep.Objects.Rules;

/// <summary>What an upload says about its parts.</summary>
public static class PartClaims
{
    /// <summary>The claims of a part's body: its checksum is of the upload's algorithm.</summary>
    public static BodyClaims For(UploadInfo upload, BodyClaims claims)
    {
        if (claims.Checksum is { } algorithm && upload.Checksum is { } expected && algorithm != expected)
            throw new ObjectException(ObjectError.InvalidArgument, $"the part has a checksum of type {algorithm}, and upload {upload.UploadId} has {expected}");
        return claims with { Checksum = claims.Checksum ?? upload.Checksum };
    }

    /// <summary>The length of the range that becomes a part.</summary>
    public static long CheckRange(CopyPartRequest request, long sourceBytes)
    {
        var length = request.LengthBytes ?? (sourceBytes - request.Offset);
        if (request.Offset < 0 || length < 0 || request.Offset > sourceBytes - length)
            throw new ObjectException(ObjectError.InvalidArgument, $"the range of {length} bytes from {request.Offset} is not inside of {request.Source}, which has {sourceBytes}");
        return length;
    }
}
