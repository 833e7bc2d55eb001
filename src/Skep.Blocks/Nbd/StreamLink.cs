using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading.Channels;

namespace Skep.Blocks.Nbd;

/// <summary>A connection on the thread pool: TLS, and what is beyond the number of threads.</summary>
internal sealed class StreamLink(Socket socket, string client) : NbdLink
{
    private const int StagingSize = 64 << 10;

    // Of any number of wakes one is kept: several threads may wake the reader, and it may have gone on by itself.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly byte[] _staging = GC.AllocateUninitializedArray<byte>(StagingSize);
    private Stream _stream = new NetworkStream(socket, ownsSocket: false);
    private NbdSession? _session;
    private Task _sending = Task.CompletedTask;
    private int _progress;
    private volatile bool _isOutputBroken;

    public override string Client { get; } = client;

    public override int Progress => Volatile.Read(ref _progress);

    public override async ValueTask<bool> ReadExactAsync(Memory<byte> buffer, CancellationToken ct)
    {
        try
        {
            return await _stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ct) == buffer.Length;
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        try
        {
            await _stream.WriteAsync(bytes, ct);
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException)
        {
            throw new NbdException(NbdFailure.Disconnected, $"{Client} hung up: {ex.Message}", ex);
        }
    }

    public override async ValueTask StartTlsAsync(NbdServerTls tls, CancellationToken ct)
    {
        var secure = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = secure;
        try
        {
            await secure.AuthenticateAsServerAsync(tls.Authentication, ct);
        }
        catch (Exception ex) when (ex is AuthenticationException or IOException or ObjectDisposedException)
        {
            throw new NbdException(NbdFailure.Tls, $"TLS with {Client} failed: {(ex.InnerException ?? ex).Message}", ex);
        }
    }

    public override ValueTask<T> SettleAsync<T>(ValueTask<T> task) => task;

    public override ValueTask SettleAsync(ValueTask task) => task;

    public override async ValueTask TransmitAsync(NbdSession session)
    {
        _session = session;
        while (true)
        {
            var hasMore = session.Process();
            Flush();
            if (session.IsOver)
                break;
            if (hasMore)
                continue;
            if (session.WantsBytes)
            {
                await ReceiveAsync(session);
                continue;
            }

            await _wake.Reader.ReadAsync(CancellationToken.None);
        }

        await Volatile.Read(ref _sending);
        if (_stream is SslStream secure && !_isOutputBroken)
            await ShutdownTlsAsync(secure);
    }

    public override void Flush()
    {
        if (_session is { } session && session.Outbox.TryBeginSend())
            Volatile.Write(ref _sending, SendReadyAsync(session));
    }

    public override void Wake() => _wake.Writer.TryWrite(true);

    public override void StopReceiving() => ShutdownSocket(socket, SocketShutdown.Receive);

    public override void Abort() => ShutdownSocket(socket, SocketShutdown.Both);

    public override async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        socket.Dispose();
    }

    private static async Task ShutdownTlsAsync(SslStream secure)
    {
        try
        {
            await secure.ShutdownAsync();
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The client was quicker: there is nobody left to say goodbye to.
        }
    }

    private async ValueTask ReceiveAsync(NbdSession session)
    {
        int count;
        try
        {
            count = await _stream.ReadAsync(session.ReceiveMemory, CancellationToken.None);
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException)
        {
            count = 0;
        }

        if (count == 0)
        {
            session.EndOfStream();
            return;
        }

        Interlocked.Increment(ref _progress);
        session.Received(count);
    }

    private async Task SendReadyAsync(NbdSession session)
    {
        while (true)
        {
            var count = Stage(session);
            if (count == 0)
                return;
            if (!_isOutputBroken)
            {
                try
                {
                    await _stream.WriteAsync(_staging.AsMemory(0, count), CancellationToken.None);
                    Interlocked.Increment(ref _progress);
                }
                catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException)
                {
                    // What is left is thrown away; the reader finds out when it receives.
                    _isOutputBroken = true;
                    Abort();
                }
            }

            session.Sent(count);
        }
    }

    /// <summary>Copies the next pieces together: few large records cost less than many small ones.</summary>
    private unsafe int Stage(NbdSession session)
    {
        SocketCalls.Segments segments = default;
        var count = session.Outbox.Gather(segments);
        var filled = 0;
        for (var i = 0; i < count && filled < StagingSize; i++)
        {
            var length = Math.Min(segments[i].Length, StagingSize - filled);
            new ReadOnlySpan<byte>((void*)segments[i].Address, length).CopyTo(_staging.AsSpan(filled));
            filled += length;
        }

        return filled;
    }
}
