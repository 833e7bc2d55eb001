namespace Skep.Objects.Rules;

/// <summary>Decides <see cref="WriteConditions"/>.</summary>
public static class Conditions
{
    /// <summary>Checks conditions against the version that is current (or was named); null and delete markers are no version.</summary>
    /// <exception cref="ObjectException">One does not hold: PreconditionFailed, or NoSuchKey where a version should be.</exception>
    public static void Check(WriteConditions conditions, ObjectAddress address, string? etag, DateTimeOffset lastModified, long lengthBytes)
    {
        if (etag is null)
        {
            if (conditions.IfMatch is not null || conditions.IfLastModified is not null || conditions.IfLengthBytes is not null)
                throw new ObjectException(ObjectError.NoSuchKey, $"{address} does not exist, and a condition wants that it does");
            return;
        }

        if (conditions.IfMatch is { } match && match != "*" && match != etag)
            throw Failed($"its ETag is {etag}, and If-Match is {match}");
        if (conditions.IfNoneMatch is { } none && (none == "*" || none == etag))
            throw Failed($"it exists with ETag {etag}, and If-None-Match is {none}");
        if (conditions.IfLastModified is { } time && time.ToUnixTimeSeconds() != lastModified.ToUnixTimeSeconds())
            throw Failed($"it was modified at {lastModified:O}, and the condition is {time:O}");
        if (conditions.IfLengthBytes is { } length && length != lengthBytes)
            throw Failed($"it has {lengthBytes} bytes, and the condition is {length}");
        ObjectException Failed(string why) => new(ObjectError.PreconditionFailed, $"{address}: {why}");
    }

    /// <summary>Checks that a version is not the latest.</summary>
    public static void CheckNoncurrent(ObjectAddress address, bool isNoncurrent)
    {
        if (!isNoncurrent)
            throw new ObjectException(ObjectError.PreconditionFailed, $"{address}: it is the latest version, and the condition is that it is not");
    }

    /// <summary>Checks the ETag that the source of a copy must have.</summary>
    public static void CheckSource(ObjectAddress source, string etag, string? expected)
    {
        if (expected is not null && expected != etag)
            throw new ObjectException(ObjectError.PreconditionFailed, $"{source}: its ETag is {etag}, expected {expected}");
    }
}
