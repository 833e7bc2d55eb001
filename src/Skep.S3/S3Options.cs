using Skep.Core.S3Client;

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

    /// <summary>The S3 server that keeps the objects; null for the embedded store.</summary>
    public S3Location? Upstream { get; init; }

    /// <summary>The smallest that a part other than the last may be, in bytes: S3's rule. Tests have smaller ones.</summary>
    public long PartBytesMin { get; init; } = 5 * 1024 * 1024;
}
