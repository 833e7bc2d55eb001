using System.Net.Sockets;

namespace Skep.Blocks.Nbd;

/// <summary>
/// The bytes of one connection of the server. The two kinds are a thread that blocks (<see cref="ThreadLink"/>) and
/// asynchronous calls on a stream (<see cref="StreamLink"/>); a session is written once for both: on a thread every call
/// here completes before it returns.
/// </summary>
internal abstract class NbdLink : IAsyncDisposable
{
    /// <summary>Who is there, for messages.</summary>
    public abstract string Client { get; }

    /// <summary>Counts up with every receive and send that moved something.</summary>
    public abstract int Progress { get; }

    /// <summary>Fills the buffer.</summary>
    /// <returns>False when the client hung up before.</returns>
    public abstract ValueTask<bool> ReadExactAsync(Memory<byte> buffer, CancellationToken ct);

    /// <summary>Sends everything.</summary>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct);

    /// <summary>Goes on in TLS.</summary>
    /// <exception cref="NbdException">It came to nothing.</exception>
    public abstract ValueTask StartTlsAsync(NbdServerTls tls, CancellationToken ct);

    /// <summary>Waits for something in this link's way.</summary>
    public abstract ValueTask<T> SettleAsync<T>(ValueTask<T> task);

    /// <inheritdoc cref="SettleAsync{T}(ValueTask{T})"/>
    public abstract ValueTask SettleAsync(ValueTask task);

    /// <summary>Serves requests until the session is over.</summary>
    public abstract ValueTask TransmitAsync(NbdSession session);

    /// <summary>Sends what is ready; called from any thread and never waits.</summary>
    public abstract void Flush();

    /// <summary>The session may have become able to go on; called from any thread.</summary>
    public abstract void Wake();

    /// <summary>Nothing more comes in; what is under way may still be answered.</summary>
    public abstract void StopReceiving();

    /// <summary>Cuts the connection; called from any thread.</summary>
    public abstract void Abort();

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Shuts a socket down that may be closed already.</summary>
    protected static void ShutdownSocket(Socket socket, SocketShutdown how)
    {
        try
        {
            socket.Shutdown(how);
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // It is not connected any more, which is what was wanted.
        }
    }
}
