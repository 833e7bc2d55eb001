using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Skep.Compute.Qemu;

/// <summary>
/// The guest agent of a machine (docs/interop/qemu-ga-ref of QEMU), for freezing file systems. The channel is a serial line
/// whose other end may be absent, busy or hostile: every answer has a deadline and a length, and nothing it says is
/// trusted for more than this.
/// </summary>
internal sealed class GuestAgent : IDisposable
{
    /// <summary>Time for an agent to say that it is there: it answers in milliseconds.</summary>
    private static readonly TimeSpan _helloTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Time for the guest to write out what it has in memory. Beyond it the freeze is given up.</summary>
    private static readonly TimeSpan _freezeTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan _thawTimeout = TimeSpan.FromSeconds(10);

    private const int AnswerMax = 64 * 1024;

    /// <summary>Begins a delimited sync and its answer: no byte of JSON is 0xFF.</summary>
    private const byte Sentinel = 0xFF;

    private readonly Socket _socket;
    private readonly TimeProvider _time;

    private GuestAgent(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
    }

    /// <summary>Connects and makes sure that an agent listens; null when none does.</summary>
    public static async Task<GuestAgent?> TryConnectAsync(string path, long syncId, TimeProvider time, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var agent = new GuestAgent(socket, time);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            byte[] hello = [Sentinel, .. Encoding.ASCII.GetBytes($$"""{"execute":"guest-sync-delimited","arguments":{"id":{{syncId}}} }"""), (byte)'\n'];
            using var answer = await agent.AskAsync(hello, _helloTimeout, isDelimited: true, ct);
            if (answer is not null && answer.RootElement.TryGetProperty("return", out var value) && value.TryGetInt64(out var id) && id == syncId)
                return agent;
        }
        catch (SocketException)
        {
            // Nobody has the socket: the machine is just going.
        }

        agent.Dispose();
        return null;
    }

    /// <summary>Freezes all file systems; null when they are frozen, otherwise why not. Thaw in either case.</summary>
    public async Task<string?> FreezeAsync(CancellationToken ct)
    {
        using var answer = await AskAsync("{\"execute\":\"guest-fsfreeze-freeze\"}\n"u8.ToArray(), _freezeTimeout, isDelimited: false, ct);
        if (answer is null)
            return $"the guest did not freeze its file systems within {_freezeTimeout.TotalSeconds:0} s";
        if (answer.RootElement.TryGetProperty("return", out var count) && count.TryGetInt32(out var frozen))
            return frozen > 0 ? null : "the guest has no file system that can be frozen";
        return "the guest's agent refused to freeze its file systems";
    }

    /// <summary>Lets the file systems go on; false when the guest did not say so in time.</summary>
    public async Task<bool> ThawAsync(CancellationToken ct)
    {
        using var answer = await AskAsync("{\"execute\":\"guest-fsfreeze-thaw\"}\n"u8.ToArray(), _thawTimeout, isDelimited: false, ct);
        return answer is not null;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private async Task<JsonDocument?> AskAsync(byte[] request, TimeSpan timeout, bool isDelimited, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ct);
        try
        {
            await _socket.SendAsync(request, either.Token);
            return await ReadLineAsync(isDelimited, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception ex) when (ex is SocketException or JsonException)
        {
            return null;
        }
    }

    private async Task<JsonDocument?> ReadLineAsync(bool isDelimited, CancellationToken ct)
    {
        var line = new List<byte>();
        var buffer = new byte[1];
        var isInside = !isDelimited;
        for (var i = 0; i < AnswerMax; i++)
        {
            if (await _socket.ReceiveAsync(buffer, ct) == 0)
                return null;
            if (buffer[0] == Sentinel)
            {
                line.Clear(); // what came before belongs to somebody who has hung up
                isInside = true;
            }
            else if (buffer[0] == '\n' && isInside && line.Count > 0)
            {
                var answer = JsonDocument.Parse(line.ToArray());
                return answer.RootElement.ValueKind == JsonValueKind.Object ? answer : null;
            }
            else if (isInside)
            {
                line.Add(buffer[0]);
            }
        }

        return null;
    }
}
