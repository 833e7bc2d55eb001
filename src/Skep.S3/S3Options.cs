namespace Skep.S3;

/// <summary>How the S3 dialect is reached.</summary>
public sealed record S3Options
{
    /// <summary>The port of S3 alone.</summary>
    public const int DefaultPort = 9000;

    /// <summary>The dialect's name, by which a port is given to it.</summary>
    public const string DialectName = "s3";

    /// <summary>The directory of the objects in the data directory.</summary>
    public const string DirectoryName = "objects";

    /// <summary>Names whose subdomains are buckets: bucket.localhost.</summary>
    public IReadOnlyList<string> Domains { get; init; } = ["localhost"];

    /// <summary>How long a day of lifecycle rules is; shorter ones are for tests.</summary>
    public TimeSpan LifecycleDay { get; init; } = TimeSpan.FromDays(1);
}
