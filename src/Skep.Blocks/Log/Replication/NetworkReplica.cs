using System.Net.Sockets;

namespace Skep.Blocks.Log.Replication;

/// <summary>The way to a keeper over a network or a Unix socket.</summary>
/// <param name="address">Where it is.</param>
/// <param name="tls">What is shown to it; needed for an address with TLS.</param>
public sealed class NetworkReplica(ReplicaAddress address, ReplicaTls? tls) : IReplicaConnector
{
    /// <inheritdoc/>
    public string Name => address.Text;

    /// <inheritdoc/>
    public async Task<Stream> ConnectAsync(CancellationToken ct)
    {
        var socket = address.CreateSocket();
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(address.ToEndPoint(), ct);
            stream = new NetworkStream(socket, ownsSocket: true);
            return tls is null ? stream : await tls.AuthenticateAsClientAsync(stream, address.Host, ct);
        }
        catch (Exception ex)
        {
            if (stream is not null)
                await stream.DisposeAsync();
            socket.Dispose();
            if (ex is SocketException or System.Security.Authentication.AuthenticationException)
                throw new IOException($"{address}: {ex.Message}", ex);
            throw;
        }
    }
}
