namespace Skep.Core.Hosting;

/// <summary>What <c>skep up</c> was told. Fixed for the life of the process.</summary>
public sealed record SkepOptions
{
    /// <summary>The directory that holds all state.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>This machine's name among the nodes.</summary>
    public required string NodeName { get; init; }

    /// <summary>Instances change state at once and nothing on the host is touched.</summary>
    public bool IsSimulated { get; init; }

    /// <summary>The region and account that exist from the start.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The default account's 12-digit id.</summary>
    public string AccountId { get; init; } = "123456789012";

    /// <summary>The default VPC's address range.</summary>
    public string VpcCidr { get; init; } = "172.31.0.0/16";

    /// <summary>"kvm" or "tcg" forces an accelerator; null detects.</summary>
    public string? Acceleration { get; init; }

    /// <summary>
    /// A few letters, stable for this data directory and different for others, that begin the names of everything made
    /// on the host (namespaces, interfaces), so that two daemons on one machine never touch each other's.
    /// </summary>
    public required string HostPrefix { get; init; }

    /// <summary>A path inside the data directory.</summary>
    public string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([DataDirectory, .. parts]);
}
