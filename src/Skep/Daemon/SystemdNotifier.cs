using System.Net.Sockets;
using System.Text;

namespace Skep.Daemon;

/// <summary>Tells a service manager about the daemon's state: sd_notify(3).</summary>
internal static class SystemdNotifier
{
    /// <summary>Sends "READY=1" and the like; does nothing when nobody asked for it.</summary>
    /// <exception cref="SocketException">The socket named in the environment does not take it.</exception>
    public static void Send(string? socketPath, string message)
    {
        if (string.IsNullOrEmpty(socketPath))
            return;
        // A leading @ stands for the zero byte of an abstract address.
        var path = socketPath[0] == '@' ? '\0' + socketPath[1..] : socketPath;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(path));
    }
}
