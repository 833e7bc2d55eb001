using System.Net.Sockets;

namespace Skep.Gateway;

/// <summary>A socket that clients connect to; it listens already, and the web server takes it over.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="IsTls">Whether connections begin with a TLS handshake.</param>
/// <param name="Dialect">The dialect that answers all requests of this port; null for every dialect and the gateway's own endpoints.</param>
public sealed record GatewayListener(Socket Socket, bool IsTls = true, string? Dialect = null);
