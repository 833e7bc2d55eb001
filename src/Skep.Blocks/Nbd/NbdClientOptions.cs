using System.Net;
using System.Net.Security;

namespace Skep.Blocks.Nbd;

/// <summary>What an <see cref="NbdClient"/> connects to, and how.</summary>
public sealed record NbdClientOptions
{
    /// <summary>A Unix socket (<see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>) or a TCP address.</summary>
    public required EndPoint EndPoint { get; init; }

    /// <summary>Empty for the server's default export.</summary>
    public string ExportName { get; init; } = "";

    /// <summary>
    /// The metadata contexts to ask for, by full name (<c>base:allocation</c>, <c>qemu:dirty-bitmap:NAME</c>). Those that
    /// the server does not have are missing in <see cref="NbdClient.MetaContexts"/>.
    /// </summary>
    public IReadOnlyList<string> MetaContexts { get; init; } = [];

    /// <summary>Not null: TLS or nothing.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>Offers extended headers, which servers that do not know them decline.</summary>
    public bool OffersExtendedHeaders { get; init; } = true;

    /// <summary>Offers structured replies; without them there are no metadata contexts.</summary>
    public bool OffersStructuredReplies { get; init; } = true;

    /// <summary>Requests under way at once; further ones wait.</summary>
    public int RequestsMax { get; init; } = 64;

    /// <summary>From the first packet to the end of the handshake.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
