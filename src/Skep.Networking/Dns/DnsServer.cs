using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Skep.Linux;

namespace Skep.Networking.Dns;

/// <summary>
/// The DNS server of a VPC, on UDP and TCP at some addresses of its namespace. Answers for the VPC's own names and passes
/// everything else on. Bounded: what is too much is dropped, and the guest asks again. Runs until it is disposed.
/// </summary>
internal sealed partial class DnsServer : IAsyncDisposable
{
    private const int Port = 53;

    /// <summary>Queries being worked on at a time.</summary>
    private const int QueriesMax = 256;

    /// <summary>TCP connections at a time.</summary>
    private const int ConnectionsMax = 32;

    /// <summary>The largest query over UDP: more than any client sends.</summary>
    private const int UdpQueryMax = 1500;

    private static readonly TimeSpan _idleTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _pauseAfterError = TimeSpan.FromSeconds(1);

    private readonly List<Socket> _sockets;
    private readonly DnsForwarder _forwarder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _queries = new(QueriesMax);
    private readonly SemaphoreSlim _connections = new(ConnectionsMax);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private volatile DnsZone _zone;

    private DnsServer(List<Socket> sockets, DnsZone zone, DnsForwarder forwarder, TimeProvider time, ILogger logger)
    {
        (_sockets, _zone, _forwarder, _time, _logger) = (sockets, zone, forwarder, time, logger);
        _work = Task.WhenAll(sockets.Select(s => s.SocketType is SocketType.Dgram ? ServeUdpAsync(s, _stop.Token) : ServeTcpAsync(s, _stop.Token)));
    }

    /// <summary>What is answered from now on.</summary>
    public DnsZone Zone
    {
        get => _zone;
        set => _zone = value;
    }

    /// <summary>Opens the sockets and starts to serve. The addresses must be there already.</summary>
    /// <exception cref="SocketException">A socket cannot be bound.</exception>
    public static DnsServer Start(string ns, IReadOnlyList<IPAddress> addresses, DnsZone zone, DnsForwarder forwarder, TimeProvider time, ILogger logger) =>
        NetworkNamespace.RunIn(ns, () =>
        {
            var sockets = new List<Socket>();
            try
            {
                foreach (var address in addresses)
                {
                    var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                    sockets.Add(udp);
                    udp.Bind(new IPEndPoint(address, Port));
                    var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    sockets.Add(tcp);
                    tcp.Bind(new IPEndPoint(address, Port));
                    tcp.Listen();
                }

                return new DnsServer(sockets, zone, forwarder, time, logger);
            }
            catch
            {
                sockets.ForEach(s => s.Dispose());
                throw;
            }
        });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _sockets.ForEach(s => s.Dispose());
        await _work;
        // Queries that are still being worked on end by the token; they hold nothing of the namespace.
        for (var i = 0; i < QueriesMax; i++)
            await _queries.WaitAsync(CancellationToken.None);
        for (var i = 0; i < ConnectionsMax; i++)
            await _connections.WaitAsync(CancellationToken.None);
        _queries.Dispose();
        _connections.Dispose();
        _stop.Dispose();
    }

    private async Task ServeUdpAsync(Socket socket, CancellationToken ct)
    {
        var buffer = GC.AllocateArray<byte>(UdpQueryMax, pinned: true);
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), ct);
                if (!_queries.Wait(0, CancellationToken.None))
                    continue;
                _ = AnswerUdpAsync(socket, buffer[..received.ReceivedBytes], received.RemoteEndPoint, ct);
            }
            catch (Exception ex) when (ct.IsCancellationRequested && ex is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex)
            {
                LogSocketFailed(ex.Message);
                await PauseAsync(ct);
            }
        }
    }

    private async Task AnswerUdpAsync(Socket socket, byte[] query, EndPoint client, CancellationToken ct)
    {
        try
        {
            if (await AnswerAsync(query, isTcp: false, ct) is { } answer)
                await socket.SendToAsync(answer, SocketFlags.None, client, ct);
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            LogAnswerFailed(ex.Message); // the client is gone, or this server is
        }
        finally
        {
            _queries.Release();
        }
    }

    private async Task ServeTcpAsync(Socket listener, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await _connections.WaitAsync(ct);
                try
                {
                    _ = ServeConnectionAsync(await listener.AcceptAsync(ct), ct);
                }
                catch
                {
                    _connections.Release();
                    throw;
                }
            }
            catch (Exception ex) when (ct.IsCancellationRequested && ex is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex)
            {
                LogSocketFailed(ex.Message);
                await PauseAsync(ct);
            }
        }
    }

    private async Task ServeConnectionAsync(Socket socket, CancellationToken ct)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            while (true)
            {
                using var idle = new CancellationTokenSource(_idleTimeout, _time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, ct);
                if (await DnsStream.ReadAsync(stream, either.Token) is not { } query || await AnswerAsync(query, isTcp: true, either.Token) is not { } answer)
                    return;
                await DnsStream.WriteAsync(stream, answer, either.Token);
            }
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            LogAnswerFailed(ex.Message);
        }
        finally
        {
            _connections.Release();
        }
    }

    private async Task<byte[]?> AnswerAsync(byte[] query, bool isTcp, CancellationToken ct)
    {
        var code = DnsQuestion.TryParse(query, out var question);
        if (code is null)
            return null;
        if (code is not DnsCode.Ok)
            return DnsAnswer.Fail(query, code.Value);
        return _zone.Answer(query, question)
            ?? await _forwarder.ForwardAsync(query, question, isTcp, ct)
            ?? DnsAnswer.Fail(query, DnsCode.ServerFailure);
    }

    private Task PauseAsync(CancellationToken ct) =>
        Task.Delay(_pauseAfterError, _time, ct).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    [LoggerMessage(EventId = 630, Level = LogLevel.Warning, Message = "dns: {Reason}")]
    private partial void LogSocketFailed(string reason);

    [LoggerMessage(EventId = 631, Level = LogLevel.Debug, Message = "dns: an answer was not delivered: {Reason}")]
    private partial void LogAnswerFailed(string reason);
}
