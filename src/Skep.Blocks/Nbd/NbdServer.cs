using System.Net;
using System.Net.Sockets;

namespace Skep.Blocks.Nbd;

/// <summary>
/// A server of the NBD protocol (fixed newstyle), on Unix sockets and TCP, for any number of exports. Bind, then
/// <see cref="RunAsync"/>.
/// </summary>
public sealed class NbdServer : IAsyncDisposable
{
    private const int Backlog = 512;
    private const int ThreadStackSize = 256 << 10;
    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan _watchPeriod = TimeSpan.FromSeconds(5);

    private readonly NbdShared _shared;
    private readonly Lock _lock = new();
    private readonly List<(Socket Socket, NbdServerTls? Tls)> _listeners = [];
    private readonly HashSet<NbdSession> _sessions = [];
    private TaskCompletionSource? _drained;
    private int _threadCount;

    /// <summary>Makes a server that listens nowhere yet. The exports belong to the caller and must outlive it.</summary>
    public NbdServer(INbdExports exports, NbdServerOptions options, TimeProvider time) => _shared = new NbdShared(
        exports, options, new PayloadMemory(options.PayloadTotalMax, options.PayloadPerConnectionMax), time);

    /// <summary>Connections there are now.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (_lock)
                return _sessions.Count;
        }
    }

    /// <summary>Bytes of payload in memory now.</summary>
    public long PayloadBytes => _shared.Memory.UsedBytes;

    /// <summary>
    /// Listens on a Unix socket that this user alone may open. A socket that nobody listens on is replaced; the file is
    /// removed when the server ends.
    /// </summary>
    /// <exception cref="IOException">Somebody listens there, or it cannot be made.</exception>
    public void BindUnix(string path)
    {
        RemoveStale(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            // Nobody can connect before Listen, so that nobody comes in before the mode is right.
            File.SetUnixFileMode(path, SocketMode);
            socket.Listen(Backlog);
        }
        catch (SocketException ex)
        {
            socket.Dispose();
            throw new IOException($"cannot listen on {path}: {ex.Message}", ex);
        }

        _listeners.Add((socket, null));
    }

    /// <summary>Serves on a listening Unix socket that this process has inherited; its file is left to who made it.</summary>
    /// <param name="fd">The socket's descriptor.</param>
    /// <exception cref="IOException">It is no listening socket.</exception>
    public void BindInherited(int fd)
    {
        try
        {
            var socket = new Socket(new SafeSocketHandle(fd, ownsHandle: true));
            _listeners.Add((socket, null));
            if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 1)
                throw new IOException($"descriptor {fd} is a socket that does not listen");
        }
        catch (SocketException ex)
        {
            throw new IOException($"descriptor {fd} cannot be listened on: {ex.Message}", ex);
        }
    }

    /// <summary>Listens on a TCP address.</summary>
    /// <returns>The address, with the port that the system chose where 0 was asked for.</returns>
    /// <exception cref="IOException">It is taken or cannot be had.</exception>
    public IPEndPoint BindTcp(IPEndPoint address, NbdServerTls? tls)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(address);
            socket.Listen(Backlog);
        }
        catch (SocketException ex)
        {
            socket.Dispose();
            throw new IOException($"cannot listen on {address}: {ex.Message}", ex);
        }

        _listeners.Add((socket, tls));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>
    /// Serves until it is cancelled. Then nobody more is let in, what is under way is finished, and who does not come to an
    /// end within <see cref="NbdServerOptions.DrainTimeout"/> is cut off.
    /// </summary>
    public async Task RunAsync(CancellationToken ct)
    {
        await using var watch = _shared.Time.CreateTimer(_ => CutStalled(), null, _watchPeriod, _watchPeriod);
        await Task.WhenAll(_listeners.Select(l => AcceptAsync(l.Socket, l.Tls, ct)));
        await DrainAsync();
    }

    /// <summary>Closes the listeners and cuts what is left.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var (socket, _) in _listeners)
            socket.Dispose();
        foreach (var session in Sessions())
            session.Abort(NbdFailure.Shutdown, "");
        await AllEndedAsync();
        _shared.Memory.Dispose();
    }

    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
            return;
        // Connecting to an ordinary file is refused in the same words as connecting to a dead socket.
        if (!SocketCalls.IsSocketFile(path))
            throw new IOException($"cannot listen on {path}: it exists and is no socket");
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException ex) when (ex.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException ex)
        {
            throw new IOException($"cannot listen on {path}: nobody knows whether another server does ({ex.Message})", ex);
        }

        throw new IOException($"cannot listen on {path}: another server does");
    }

    private async Task AcceptAsync(Socket listener, NbdServerTls? tls, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                try
                {
                    Admit(await listener.AcceptAsync(ct), tls);
                }
                catch (SocketException ex) when (ex.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.ConnectionAborted or SocketError.ConnectionReset)
                {
                    // The client that was to be accepted waits in the queue; trying again at once would only spin.
                    await Task.Delay(TimeSpan.FromMilliseconds(50), _shared.Time, ct);
                }
            }
        }
        catch (Exception ex) when (ex is OperationCanceledException or ObjectDisposedException)
        {
            // The end.
        }

        listener.Dispose();
    }

    private void Admit(Socket socket, NbdServerTls? tls)
    {
        var client = "unix";
        if (socket.AddressFamily != AddressFamily.Unix)
        {
            socket.NoDelay = true;
            client = socket.RemoteEndPoint?.ToString() ?? "";
        }

        try
        {
            lock (_lock)
            {
                if (_sessions.Count >= _shared.Options.ConnectionsMax)
                    throw new NbdException(NbdFailure.Handshake, $"{client} is one connection too many: {_sessions.Count} are open");
                Start(socket, client, tls);
            }
        }
        catch (Exception ex) when (ex is NbdException or OutOfMemoryException)
        {
            // Neither descriptors nor threads are endless: one client fewer, and the others stay.
            socket.Dispose();
            _shared.Options.SessionEnded?.Invoke(new NbdSessionEnd(client, null, NbdFailure.Handshake, ex.Message));
        }
    }

    private void Start(Socket socket, string client, NbdServerTls? tls)
    {
        var isOnThread = tls is null && _threadCount < _shared.Options.ThreadsMax;
        NbdLink link = isOnThread ? new ThreadLink(socket, client) : new StreamLink(socket, client);
        var session = new NbdSession(_shared, link, tls);
        if (isOnThread)
            StartThread(session);
        else
            _ = Task.Run(() => ServeAsync(session), CancellationToken.None);
        _sessions.Add(session);
        _threadCount += isOnThread ? 1 : 0;
    }

    private void StartThread(NbdSession session)
    {
        // On a thread's link every await of a session completes at once: this thread is the session's alone.
#pragma warning disable VSTHRD002
        var thread = new Thread(() => ServeAsync(session).GetAwaiter().GetResult(), ThreadStackSize) { IsBackground = true, Name = "nbd" };
#pragma warning restore VSTHRD002
        thread.Start();
    }

    private async Task ServeAsync(NbdSession session)
    {
        var end = await RunToEndAsync(session);
        lock (_lock)
        {
            _sessions.Remove(session);
            if (session.HasThread)
                _threadCount--;
            if (_sessions.Count == 0)
                _drained?.TrySetResult();
        }

        _shared.Options.SessionEnded?.Invoke(end);
    }

    private static async Task<NbdSessionEnd> RunToEndAsync(NbdSession session)
    {
        try
        {
            await session.RunAsync();
            await session.DisposeAsync();
            return session.End;
        }
        catch (Exception ex)
        {
            // A defect ends one connection, not the program.
            return session.End with { Failure = NbdFailure.Internal, Message = ex.ToString() };
        }
    }

    private async Task DrainAsync()
    {
        foreach (var session in Sessions())
            session.Stop();
        await using var deadline = _shared.Time.CreateTimer(_ => CutAll(), null, _shared.Options.DrainTimeout, Timeout.InfiniteTimeSpan);
        await AllEndedAsync();
    }

    private void CutAll()
    {
        foreach (var session in Sessions())
            session.Abort(NbdFailure.Shutdown, $"did not end within {_shared.Options.DrainTimeout.TotalSeconds} s");
        _shared.Options.DrainExpired?.Invoke();
    }

    private Task AllEndedAsync()
    {
        lock (_lock)
        {
            if (_sessions.Count == 0)
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Memory that others wait for is taken from those that do not move.</summary>
    private void CutStalled()
    {
        var limit = Math.Max(1, (int)(_shared.Options.StallTimeout / _watchPeriod));
        var isShort = _shared.Memory.HasWaiters;
        foreach (var session in Sessions())
        {
            if (session.CountStill() >= limit && isShort && session.HeldBytes > PageBuffer.ChargeOf(PayloadMemory.ReserveSize))
                session.Abort(NbdFailure.Stalled, $"held {session.HeldBytes} bytes and did not move while others waited for memory");
        }
    }

    private List<NbdSession> Sessions()
    {
        lock (_lock)
            return [.. _sessions];
    }
}
