using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Skep.Linux;

namespace Skep.Networking.Dhcp;

/// <summary>
/// The DHCP server of one tap: two sockets bound to the device, in the VPC's namespace. It listens until it is disposed;
/// the lease may be replaced meanwhile. Garbage is dropped.
/// </summary>
internal sealed partial class DhcpListener : IAsyncDisposable
{
    private const int ServerPort = 67;
    private const int ClientPort = 68;

    // socket(7); the base library has no name for binding to a device.
    private const int SolSocket = 1;
    private const int SoReuseAddress = 2;
    private const int SoBindToDevice = 25;

    private static readonly TimeSpan _pauseAfterError = TimeSpan.FromSeconds(1);

    private readonly string _device;
    private readonly Socket _any;
    private readonly Socket _own;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private volatile DhcpLease _lease;

    private DhcpListener(string device, Socket any, Socket own, DhcpLease lease, TimeProvider time, ILogger logger)
    {
        (_device, _any, _own, _lease, _time, _logger) = (device, any, own, lease, time, logger);
        _work = Task.WhenAll(ListenAsync(any, _stop.Token), ListenAsync(own, _stop.Token));
    }

    /// <summary>What the guest is told from now on.</summary>
    public DhcpLease Lease
    {
        get => _lease;
        set => _lease = value;
    }

    /// <summary>Opens the sockets and starts to listen. The router's address must be there already.</summary>
    /// <exception cref="SocketException">A socket cannot be bound.</exception>
    public static DhcpListener Start(string ns, string device, DhcpLease lease, TimeProvider time, ILogger logger) =>
        NetworkNamespace.RunIn(ns, () =>
        {
            // Broadcasts arrive at the first; renewals, which go to the router's address, at the second. Replies leave
            // through the second, so that they come from the router.
            var any = Bind(device, IPAddress.Any);
            try
            {
                return new DhcpListener(device, any, Bind(device, lease.Router), lease, time, logger);
            }
            catch
            {
                any.Dispose();
                throw;
            }
        });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _any.Dispose();
        _own.Dispose();
        await _work;
        _stop.Dispose();
    }

    private static Socket Bind(string device, IPAddress address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { EnableBroadcast = true };
        try
        {
            socket.SetRawSocketOption(SolSocket, SoReuseAddress, BitConverter.GetBytes(1));
            socket.SetRawSocketOption(SolSocket, SoBindToDevice, Encoding.ASCII.GetBytes(device + "\0"));
            socket.Bind(new IPEndPoint(address, ServerPort));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task ListenAsync(Socket socket, CancellationToken ct)
    {
        var buffer = GC.AllocateArray<byte>(DhcpMessage.LengthMax + 1, pinned: true);
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), ct);
                if (DhcpMessage.TryParse(buffer.AsSpan(0, received.ReceivedBytes), out var request) && DhcpResponder.Respond(request, _lease) is { } reply)
                    await SendAsync(request, reply, ct);
            }
            catch (Exception ex) when (ct.IsCancellationRequested && ex is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex)
            {
                // The device is down or going away; whoever owns this listener will say which.
                LogSocketFailed(ex.Message, _device);
                await Task.Delay(_pauseAfterError, _time, ct).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private async Task SendAsync(DhcpMessage request, DhcpReply reply, CancellationToken ct)
    {
        await _own.SendToAsync(reply.Message.ToBytes(), SocketFlags.None, new IPEndPoint(reply.Destination ?? IPAddress.Broadcast, ClientPort), ct);
        LogReplied(_device, request.Type!.Value, reply.Message.Type!.Value, reply.Message.YourAddress);
    }

    [LoggerMessage(EventId = 620, Level = LogLevel.Debug, Message = "dhcp on {Device}: {Request} answered with {Reply} {Address}")]
    private partial void LogReplied(string device, DhcpMessageType request, DhcpMessageType reply, IPAddress address);

    [LoggerMessage(EventId = 621, Level = LogLevel.Warning, Message = "dhcp on {Device}: {Reason}")]
    private partial void LogSocketFailed(string reason, string device);
}
