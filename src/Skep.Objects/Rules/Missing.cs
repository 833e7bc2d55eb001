namespace Skep.Objects.Rules;

/// <summary>The failure of looking for a version that is not there, or is a delete marker.</summary>
public static class Missing
{
    /// <summary>The failure.</summary>
    /// <param name="address">What was looked for.</param>
    /// <param name="marker">The delete marker that was found instead; null when nothing was.</param>
    public static ObjectException Error(ObjectAddress address, ObjectVersion? marker) => (address.VersionId, marker) switch
    {
        (null, null) => new ObjectException(ObjectError.NoSuchKey, $"{address} does not exist"),
        (null, _) => new ObjectException(ObjectError.NoSuchKey, $"{address} was deleted") { Marker = marker },
        (_, null) => new ObjectException(ObjectError.NoSuchVersion, $"{address} does not exist"),
        _ => new ObjectException(ObjectError.IsDeleteMarker, $"{address} is a delete marker") { Marker = marker },
    };

    /// <summary>The failure of an upload that is not there.</summary>
    public static ObjectException Upload(UploadAddress address) =>
        new(ObjectError.NoSuchUpload, $"upload {address.UploadId} of {address.Bucket}/{address.Key} does not exist: it was completed or aborted, or never begun");
}
