using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Skep.Core.Resources;
using Skep.Linux;

namespace Skep.Networking.Dns;

/// <summary>
/// Passes queries on to the host's resolvers from the host's own network, each from a port and with a number of its own,
/// so that nobody in the VPC can guess an answer into it (RFC 5452). Thread-safe.
/// </summary>
/// <param name="resolvers">Whom to ask, in order.</param>
/// <param name="hostNamespace">The network namespace to ask from; null for this process's own.</param>
internal sealed class DnsForwarder(Func<IReadOnlyList<IPEndPoint>> resolvers, string? hostNamespace, IIdSource ids, TimeProvider time)
{
    /// <summary>The largest answer over UDP; EDNS clients ask for up to 4096 bytes.</summary>
    private const int UdpLengthMax = 4096;

    private static readonly TimeSpan _timeoutPerServer = TimeSpan.FromSeconds(2);

    /// <summary>Asks; null when no resolver answered in time.</summary>
    public async Task<byte[]?> ForwardAsync(ReadOnlyMemory<byte> query, DnsQuestion question, bool isTcp, CancellationToken ct)
    {
        foreach (var server in resolvers())
        {
            using var timeout = new CancellationTokenSource(_timeoutPerServer, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
            try
            {
                var answer = isTcp
                    ? await AskByTcpAsync(server, query, question, either.Token)
                    : await AskByUdpAsync(server, query, question, either.Token);
                if (answer is not null)
                    return answer;
            }
            catch (Exception ex) when (ex is SocketException or OperationCanceledException or IOException && !ct.IsCancellationRequested)
            {
                // This one does not answer: the next may.
            }
        }

        return null;
    }

    private async Task<byte[]?> AskByUdpAsync(IPEndPoint server, ReadOnlyMemory<byte> query, DnsQuestion question, CancellationToken ct)
    {
        using var socket = Open(server, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, ct);
        var (bytes, id) = Renumber(query);
        await socket.SendAsync(bytes, SocketFlags.None, ct);
        var buffer = new byte[UdpLengthMax];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, SocketFlags.None, ct);
            if (IsAnswer(buffer.AsSpan(0, length), id, bytes, question))
                return Restore(buffer.AsSpan(0, length), question.Id);
        }
    }

    private async Task<byte[]?> AskByTcpAsync(IPEndPoint server, ReadOnlyMemory<byte> query, DnsQuestion question, CancellationToken ct)
    {
        using var socket = Open(server, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, ct);
        await using var stream = new NetworkStream(socket);
        var (bytes, id) = Renumber(query);
        await DnsStream.WriteAsync(stream, bytes, ct);
        var answer = await DnsStream.ReadAsync(stream, ct);
        return answer is not null && IsAnswer(answer, id, bytes, question) ? Restore(answer, question.Id) : null;
    }

    private Socket Open(IPEndPoint server, SocketType type, ProtocolType protocol) =>
        NetworkNamespace.RunIn(hostNamespace, () => new Socket(server.AddressFamily, type, protocol));

    private (byte[] Bytes, ushort Id) Renumber(ReadOnlyMemory<byte> query)
    {
        var bytes = query.ToArray();
        ids.Fill(bytes.AsSpan(0, 2));
        return (bytes, BinaryPrimitives.ReadUInt16BigEndian(bytes));
    }

    private static byte[] Restore(ReadOnlySpan<byte> answer, ushort id)
    {
        var bytes = answer.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(bytes, id);
        return bytes;
    }

    /// <summary>Whether a message answers the query: response, same number; same question, unless the resolver failed without repeating it.</summary>
    private static bool IsAnswer(ReadOnlySpan<byte> answer, ushort id, ReadOnlySpan<byte> query, DnsQuestion question)
    {
        if (answer.Length < DnsQuestion.HeaderLength || BinaryPrimitives.ReadUInt16BigEndian(answer) != id || (answer[2] & 0x80) == 0)
            return false;
        if (BinaryPrimitives.ReadUInt16BigEndian(answer[4..]) == 0)
            return (answer[3] & 0x0f) != DnsCode.Ok;
        return answer.Length >= question.Length
            && System.Text.Ascii.EqualsIgnoreCase(answer[DnsQuestion.HeaderLength..question.Length], query[DnsQuestion.HeaderLength..question.Length]);
    }
}
