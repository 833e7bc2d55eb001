using System.Net;
using System.Net.Sockets;

namespace Skep.Blocks.Log.Replication;

/// <summary>Lets volumes' openers connect to a <see cref="ReplicaServer"/>.</summary>
public sealed class ReplicaListener : IDisposable
{
    private const int ConnectionsMax = 4096;
    private static readonly TimeSpan _handshakeTimeout = TimeSpan.FromSeconds(10);

    private readonly ReplicaServer _server;
    private readonly ReplicaTls? _tls;
    private readonly TimeProvider _time;
    private readonly Action<string> _report;
    private readonly Socket _socket;
    private readonly string? _path;
    private int _connections;

    /// <param name="server">Keeps the copies.</param>
    /// <param name="address">Where to listen; port 0 lets the system choose.</param>
    /// <param name="tls">What is shown to who connects; needed for an address with TLS.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Told who was refused and why.</param>
    /// <exception cref="SocketException">The address cannot be had.</exception>
    public ReplicaListener(ReplicaServer server, ReplicaAddress address, ReplicaTls? tls, TimeProvider time, Action<string> report)
    {
        (_server, _tls, _time, _report) = (server, tls, time, report);
        _path = address.IsUnix ? address.Host : null;
        _socket = address.CreateSocket();
        try
        {
            // What a killed keeper left; one that runs has locked its directory.
            if (_path is not null)
                File.Delete(_path);
            _socket.Bind(address.ToEndPoint());
            if (_path is not null)
                File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _socket.Listen();
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
        Address = address.IsUnix ? address.Text : $"{(address.IsTls ? "tls" : "tcp")}://{_socket.LocalEndPoint}";
    }

    /// <summary>Where it listens, as clients name it.</summary>
    public string Address { get; }

    /// <summary>Serves until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                var socket = await _socket.AcceptAsync(ct);
                if (Interlocked.Increment(ref _connections) > ConnectionsMax)
                {
                    Interlocked.Decrement(ref _connections);
                    socket.Dispose();
                    continue;
                }
                _ = Task.Run(() => ServeAsync(socket, ct), CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        if (_path is not null)
            File.Delete(_path);
    }

    private async Task ServeAsync(Socket socket, CancellationToken ct)
    {
        string peer = socket.RemoteEndPoint is IPEndPoint ip ? ip.ToString() : "the Unix socket";
        try
        {
            ReplicaAddress.Prepare(socket);
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await using var secured = await SecureAsync(stream, ct);
            if (await _server.ServeAsync(secured, ct) is { } refused)
                _report($"{peer} was refused: {refused}");
        }
        catch (Exception ex) when (ReplicaWriter.IsFailure(ex))
        {
            if (!ct.IsCancellationRequested)
                _report($"{peer}: {ex.Message}");
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task<Stream> SecureAsync(NetworkStream stream, CancellationToken ct)
    {
        if (_tls is null)
            return stream;
        using var deadline = new CancellationTokenSource(_handshakeTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        return await _tls.AuthenticateAsServerAsync(stream, either.Token);
    }
}
