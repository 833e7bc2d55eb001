using System.Net;

namespace Skep.Daemon;

/// <summary>What <c>skep up</c> was told.</summary>
internal sealed record DaemonOptions
{
    /// <summary>Full path of the data directory.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where to listen; port 0 lets the system choose.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Where S3 alone is served beside that; null for nowhere.</summary>
    public required S3Listen? S3Listen { get; init; }

    /// <summary>Names whose subdomains are buckets, beside localhost.</summary>
    public IReadOnlyList<string> S3Domains { get; init; } = [];

    /// <summary>How long a day of S3's lifecycle rules is; for tests. Null for a day.</summary>
    public TimeSpan? S3LifecycleDay { get; init; }

    /// <summary>The URL of the S3 server that keeps the objects; null for the embedded store. It was read once already: it is good.</summary>
    public string? S3Backend { get; init; }

    /// <summary>This machine's name among the nodes.</summary>
    public required string NodeName { get; init; }

    /// <summary>Touch nothing on the host.</summary>
    public bool IsSimulated { get; init; }

    /// <summary>"kvm" or "tcg"; null detects.</summary>
    public string? Acceleration { get; init; }
}
