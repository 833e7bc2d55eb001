using System.Net;
using System.Net.Sockets;
using Skep.Cli;

namespace Skep.Daemon;

/// <summary>The socket that clients connect to.</summary>
internal static class Listener
{
    private const int Backlog = 512;

    /// <summary>Begins to listen.</summary>
    /// <param name="endPoint">Where.</param>
    /// <param name="option">The option that chooses another place, for messages.</param>
    /// <exception cref="CliException">The port is taken (the message says by whom) or may not be used.</exception>
    public static Socket Open(IPEndPoint endPoint, string option)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // [::] means every address of both families, as elsewhere.
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException ex)
        {
            socket.Dispose();
            throw new CliException(ex.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"{endPoint} is taken by {PortHolder.Describe(endPoint.Port)}: stop it, or choose another port with {option} ADDRESS:PORT",
                SocketError.AddressNotAvailable => $"{endPoint.Address} is not an address of this machine: choose another with {option} ADDRESS:PORT",
                SocketError.AccessDenied => $"this user may not listen on {endPoint}: choose a port above 1023 with {option} ADDRESS:PORT, or run as root",
                _ => $"cannot listen on {endPoint}: {ex.Message}",
            });
        }
    }

    /// <summary>Where clients on this machine connect to: the address bound, with loopback for "all addresses".</summary>
    public static IPEndPoint ClientEndPoint(Socket listener)
    {
        var bound = (IPEndPoint)listener.LocalEndPoint!;
        if (bound.Address.Equals(IPAddress.Any))
            return new IPEndPoint(IPAddress.Loopback, bound.Port);
        return bound.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, bound.Port) : bound;
    }
}
