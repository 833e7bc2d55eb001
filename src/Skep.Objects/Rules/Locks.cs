namespace Skep.Objects.Rules;

/// <summary>Object lock (S3: "How S3 Object Lock works").</summary>
internal static class Locks
{
    /// <summary>Checks that a version may be removed.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.Locked"/>.</exception>
    public static void CheckRemoval(ObjectAddress address, ObjectMetadata metadata, DateTimeOffset now, bool bypassesGovernance)
    {
        if (metadata.IsLegalHold)
            throw new ObjectException(ObjectError.Locked, $"{address} is under a legal hold");
        if (IsKept(metadata.Retention, now, bypassesGovernance))
            throw new ObjectException(ObjectError.Locked, $"{address} is kept until {metadata.Retention.Until:O} (mode {metadata.Retention.Mode})");
    }

    /// <summary>A version's metadata after a change.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.Locked"/>: the change would weaken a retention.</exception>
    public static ObjectMetadata Apply(ObjectAddress address, ObjectMetadata metadata, ObjectUpdate update, DateTimeOffset now)
    {
        if (update.Retention is { } retention)
        {
            var old = metadata.Retention;
            // Longer is always allowed, and governance may become compliance.
            var isWeaker = retention.Mode < old.Mode || retention.Until < old.Until;
            if (isWeaker && IsKept(old, now, update.BypassesGovernance))
                throw new ObjectException(ObjectError.Locked, $"{address} is kept until {old.Until:O} (mode {old.Mode}), and the change to {retention.Until:O} (mode {retention.Mode}) is weaker");
        }

        return metadata with
        {
            Tags = update.Tags ?? metadata.Tags,
            Acl = update.Acl ?? metadata.Acl,
            Retention = update.Retention ?? metadata.Retention,
            IsLegalHold = update.IsLegalHold ?? metadata.IsLegalHold,
        };
    }

    private static bool IsKept(Retention retention, DateTimeOffset now, bool bypassesGovernance) =>
        retention.Until > now
        && (retention.Mode == RetentionMode.Compliance || (retention.Mode == RetentionMode.Governance && !bypassesGovernance));
}
