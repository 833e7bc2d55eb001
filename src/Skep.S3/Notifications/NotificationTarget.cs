namespace Skep.S3.Notifications;

/// <summary>One destination of a bucket's configuration, with what it wants to be told.</summary>
/// <param name="Id">Its name in the configuration.</param>
/// <param name="Arn">The destination as it was written.</param>
/// <param name="Topic">What that means.</param>
/// <param name="Events">Names of events, without "s3:".</param>
/// <param name="Prefix">How keys begin that it is about.</param>
/// <param name="Suffix">How they end.</param>
internal sealed record NotificationTarget(string Id, string Arn, TopicArn Topic, IReadOnlyList<string> Events, string Prefix, string Suffix)
{
    /// <summary>Whether it wants to be told.</summary>
    public bool Wants(string name, string key) =>
        Events.Contains(name) && key.StartsWith(Prefix, StringComparison.Ordinal) && key.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>Whether there may be an event that both are told, which S3 does not allow.</summary>
    public bool Overlaps(NotificationTarget other) =>
        Events.Intersect(other.Events).Any()
        && (Prefix.StartsWith(other.Prefix, StringComparison.Ordinal) || other.Prefix.StartsWith(Prefix, StringComparison.Ordinal))
        && (Suffix.EndsWith(other.Suffix, StringComparison.Ordinal) || other.Suffix.EndsWith(Suffix, StringComparison.Ordinal));
}
