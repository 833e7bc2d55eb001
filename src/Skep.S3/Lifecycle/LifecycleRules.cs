using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Lifecycle;

/// <summary>A bucket's enabled rules. Where several are about one thing, the one counts that is due soonest.</summary>
internal sealed class LifecycleRules(IReadOnlyList<LifecycleRule> rules)
{
    /// <summary>No rule.</summary>
    public static LifecycleRules None { get; } = new([]);

    /// <summary>The rules.</summary>
    public IReadOnlyList<LifecycleRule> All => rules;

    /// <summary>Reads a configuration that was checked.</summary>
    public static LifecycleRules Parse(XmlElement root)
    {
        var rules = new List<LifecycleRule>();
        foreach (var element in root.All("Rule"))
        {
            try
            {
                if (LifecycleRule.Read(element) is { } rule)
                    rules.Add(rule);
            }
            catch (S3Exception)
            {
                // What cannot be read deletes nothing; it is still shown to who asks for the configuration.
            }
        }

        return new LifecycleRules(rules);
    }

    /// <summary>When a current version expires.</summary>
    public LifecycleDue? Expiration(ObjectVersion version, LifecycleClock clock) => Soonest(
        rules.Where(r => r.Matches(version)).SelectMany(r => Expirations(r, version.LastModified, clock)));

    /// <summary>When a delete marker goes that has no versions under it: by rules about such markers, and by those about current versions.</summary>
    public LifecycleDue? MarkerExpiration(ObjectVersion marker, LifecycleClock clock) => Soonest(
        rules.Where(r => r.Matches(marker)).SelectMany(r => r.ExpiresDeleteMarkers
            ? Expirations(r, marker.LastModified, clock).Append(new LifecycleDue(marker.LastModified, r.Id))
            : Expirations(r, marker.LastModified, clock)));

    /// <summary>When a version goes that is not current any more.</summary>
    /// <param name="version">The version, or a delete marker.</param>
    /// <param name="since">When it was replaced.</param>
    /// <param name="newer">How many versions that are not current either are newer than it.</param>
    /// <param name="clock">The days.</param>
    public LifecycleDue? NoncurrentExpiration(ObjectVersion version, DateTimeOffset since, int newer, LifecycleClock clock) => Soonest(
        rules.Where(r => r.NoncurrentDays is not null && newer >= r.NewerNoncurrentVersions && r.Matches(version))
            .Select(r => new LifecycleDue(clock.Due(since, r.NoncurrentDays!.Value), r.Id)));

    /// <summary>When an upload is aborted.</summary>
    public LifecycleDue? Abort(UploadInfo upload, LifecycleClock clock) => Soonest(
        rules.Where(r => r.AbortDays is not null && upload.Key.StartsWith(r.Prefix, StringComparison.Ordinal))
            .Select(r => new LifecycleDue(clock.Due(upload.Created, r.AbortDays!.Value), r.Id)));

    /// <summary>The prefixes to look at for some of the rules; none begins another.</summary>
    public static IReadOnlyList<string> Prefixes(IEnumerable<LifecycleRule> rules)
    {
        var found = new List<string>();
        foreach (var prefix in rules.Select(r => r.Prefix).Order(StringComparer.Ordinal))
        {
            if (found.Count == 0 || !prefix.StartsWith(found[^1], StringComparison.Ordinal))
                found.Add(prefix);
        }

        return found;
    }

    private static IEnumerable<LifecycleDue> Expirations(LifecycleRule rule, DateTimeOffset from, LifecycleClock clock)
    {
        if (rule.ExpirationDays is { } days)
            yield return new LifecycleDue(clock.Due(from, days), rule.Id);
        if (rule.ExpirationDate is { } date)
            yield return new LifecycleDue(date, rule.Id);
    }

    private static LifecycleDue? Soonest(IEnumerable<LifecycleDue> due)
    {
        LifecycleDue? soonest = null;
        foreach (var one in due)
        {
            if (soonest is not { } best || one.At < best.At)
                soonest = one;
        }

        return soonest;
    }
}
