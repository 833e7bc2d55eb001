using System.Net.Sockets;

namespace Skep.Gateway;

/// <summary>A socket that clients connect to; it listens already, and the web server takes it over.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="IsTls">Whether connections begin with a TLS handshake.</param>
/// <param name="Dialect">The dialect that answers all requests of this port; null for every dialect and the gateway's own endpoints.</param>
public sealed record GatewayListener(Socket Socket, bool IsTls = true, string? Dialect = null)
{
    private const int TcpLevel = 6; // IPPROTO_TCP
    private const int TcpUserTimeout = 18; // TCP_USER_TIMEOUT of tcp(7), in milliseconds

    /// <summary>
    /// Has the kernel end connections whose client acknowledges nothing, or has no room for more, for so long. Connections that
    /// are accepted inherit it. The web server's own minimum is an average, which the socket's buffer alone stretches to hours.
    /// </summary>
    public void GiveUpOnReadersAfter(TimeSpan timeout) =>
        Socket.SetRawSocketOption(TcpLevel, TcpUserTimeout, BitConverter.GetBytes((int)timeout.TotalMilliseconds));
}
