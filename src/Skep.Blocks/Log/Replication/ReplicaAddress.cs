using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Skep.Blocks.Log.Replication;

/// <summary>
/// Where a keeper of logs' copies is: <c>tls://HOST:PORT</c>, <c>unix:/PATH</c>, or <c>tcp://HOST:PORT</c> for a keeper on the same
/// machine, since what goes over it is the content of disks.
/// </summary>
/// <param name="Text">As it was written.</param>
/// <param name="Host">The host's name or address; the path of a Unix socket.</param>
/// <param name="Port">The port; 0 for a Unix socket.</param>
/// <param name="IsUnix">A Unix socket.</param>
/// <param name="IsTls">With TLS.</param>
public sealed record ReplicaAddress(string Text, string Host, int Port, bool IsUnix, bool IsTls)
{
    private const string UnixScheme = "unix:";
    private const string TlsScheme = "tls://";
    private const string TcpScheme = "tcp://";

    /// <summary>Reads one; says what is wrong with it otherwise.</summary>
    public static ReplicaAddress? TryParse(string text, out string? problem)
    {
        problem = null;
        if (text.StartsWith(UnixScheme, StringComparison.Ordinal) && text.Length > UnixScheme.Length)
            return new ReplicaAddress(text, Path.GetFullPath(text[UnixScheme.Length..]), 0, IsUnix: true, IsTls: false);
        bool isTls = text.StartsWith(TlsScheme, StringComparison.Ordinal);
        if (!isTls && !text.StartsWith(TcpScheme, StringComparison.Ordinal))
        {
            problem = $"\"{text}\" is none of {TlsScheme}HOST:PORT, {UnixScheme}PATH and, on this machine, {TcpScheme}HOST:PORT";
            return null;
        }
        string address = text[TlsScheme.Length..];
        int colon = address.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            problem = $"\"{text}\" has no HOST:PORT";
            return null;
        }
        string host = address[..colon].Trim('[', ']');
        if (!isTls && host != "localhost" && !(IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip)))
        {
            problem = $"\"{text}\": without TLS only a loopback address is allowed, for what goes over it is the content of disks; say {TlsScheme}{address}";
            return null;
        }
        return new ReplicaAddress(text, host, port, IsUnix: false, isTls);
    }

    /// <summary>A socket for it, with what keeps a dead peer from being waited for.</summary>
    internal Socket CreateSocket()
    {
        if (IsUnix)
            return new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var socket = IPAddress.TryParse(Host, out var ip) ? new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        Prepare(socket);
        return socket;
    }

    internal static void Prepare(Socket socket)
    {
        const int KeepAliveSeconds = 15;
        if (socket.AddressFamily == AddressFamily.Unix)
            return;
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
    }

    internal EndPoint ToEndPoint() => IsUnix ? new UnixDomainSocketEndPoint(Host)
        : IPAddress.TryParse(Host, out var ip) ? new IPEndPoint(ip, Port)
        : new DnsEndPoint(Host, Port);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
