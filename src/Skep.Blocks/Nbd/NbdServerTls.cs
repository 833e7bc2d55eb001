using System.Net.Security;

namespace Skep.Blocks.Nbd;

/// <summary>TLS of a listener (NBD_OPT_STARTTLS).</summary>
public sealed record NbdServerTls
{
    /// <summary>Certificate, and whether and how the client's is checked.</summary>
    public required SslServerAuthenticationOptions Authentication { get; init; }

    /// <summary>Without TLS a client gets nothing (the specification's FORCEDTLS mode).</summary>
    public bool IsRequired { get; init; } = true;
}
