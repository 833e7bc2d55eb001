namespace Skep.Objects.Rules;

/// <summary>Decides whether a bucket, or all of an owner, may grow.</summary>
internal static class Quotas
{
    /// <summary>Checks a change of a bucket's use. What makes it smaller is always allowed.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.QuotaExceeded"/>.</exception>
    public static void Check(string holder, BucketQuota quota, BucketUsage before, BucketUsage after)
    {
        var bytes = after.Bytes + after.UploadBytes;
        if (quota.BytesMax is { } bytesMax && bytes > bytesMax && bytes > before.Bytes + before.UploadBytes)
            throw new ObjectException(ObjectError.QuotaExceeded, $"{holder} would hold {bytes} bytes, and its quota is {bytesMax}");
        if (quota.ObjectsMax is { } objectsMax && after.Objects > objectsMax && after.Objects > before.Objects)
            throw new ObjectException(ObjectError.QuotaExceeded, $"{holder} would hold {after.Objects} objects, and its quota is {objectsMax}");
    }
}
