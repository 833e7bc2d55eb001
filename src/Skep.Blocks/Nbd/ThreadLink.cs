using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Skep.Blocks.Nbd.SocketCalls;

namespace Skep.Blocks.Nbd;

/// <summary>
/// A connection with a thread of its own, which receives and serves; replies leave from whichever thread finished them.
/// While nothing is under way the thread sleeps in recv: one system call wakes it and has the request.
/// </summary>
internal sealed unsafe class ThreadLink : NbdLink
{
    private readonly Socket _socket;
    private readonly int _fd;
    private readonly SafeFileHandle _wake;
    private NbdSession? _session;
    private int _isParked;
    private int _progress;
    private volatile bool _isOutputBlocked;
    private volatile bool _isOutputBroken;

    /// <summary>Takes over a connected socket on which nothing asynchronous was ever begun.</summary>
    public ThreadLink(Socket socket, string client)
    {
        _socket = socket;
        _fd = (int)socket.Handle;
        var wake = EventFd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (wake < 0)
            throw new NbdException(NbdFailure.Internal, $"eventfd: errno {Marshal.GetLastPInvokeError()}");
        _wake = new SafeFileHandle(wake, ownsHandle: true);
        Client = client;
    }

    public override string Client { get; }

    public override int Progress => Volatile.Read(ref _progress);

    public override ValueTask<bool> ReadExactAsync(Memory<byte> buffer, CancellationToken ct)
    {
        var span = buffer.Span;
        while (span.Length > 0)
        {
            nint count;
            fixed (byte* start = span)
                count = ReceiveSome(start, span.Length, flags: 0);
            if (count <= 0)
                return new ValueTask<bool>(false);
            span = span[(int)count..];
        }

        return new ValueTask<bool>(true);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        var span = bytes.Span;
        while (span.Length > 0)
        {
            nint count;
            fixed (byte* start = span)
                count = Send(_fd, start, (nuint)span.Length, MSG_NOSIGNAL);
            if (count >= 0)
                span = span[(int)count..];
            else if (Marshal.GetLastPInvokeError() != EINTR)
                throw new NbdException(NbdFailure.Disconnected, $"{Client} hung up (errno {Marshal.GetLastPInvokeError()})");
        }

        return ValueTask.CompletedTask;
    }

    public override ValueTask StartTlsAsync(NbdServerTls tls, CancellationToken ct) =>
        throw new NbdException(NbdFailure.Internal, "a listener with TLS serves no connection on a thread");

    public override ValueTask<T> SettleAsync<T>(ValueTask<T> task) =>
        task.IsCompleted ? task : new ValueTask<T>(task.AsTask().GetAwaiter().GetResult());

    public override ValueTask SettleAsync(ValueTask task)
    {
        if (task.IsCompleted)
            return task;
        task.AsTask().GetAwaiter().GetResult();
        return ValueTask.CompletedTask;
    }

    public override ValueTask TransmitAsync(NbdSession session)
    {
        _session = session;
        while (true)
        {
            var hasMore = session.Process();
            Flush();
            if (session.IsOver)
                return ValueTask.CompletedTask;
            if (hasMore)
                continue;
            // With nothing under way nobody else can have to wake this thread.
            if (session.WantsBytes && session.InFlight == 0)
                Receive(session, flags: 0);
            else
                WaitForEvents(session);
        }
    }

    public override void Flush()
    {
        var session = _session;
        if (session is null)
            return;
        while (!_isOutputBlocked && session.Outbox.TryBeginSend())
        {
            if (!SendReady(session))
                return;
        }
    }

    public override void Wake()
    {
        if (Interlocked.Exchange(ref _isParked, 0) == 1)
            Signal();
    }

    public override void StopReceiving() => ShutdownSocket(_socket, SocketShutdown.Receive);

    public override void Abort() => ShutdownSocket(_socket, SocketShutdown.Both);

    public override ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _wake.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends until nothing is left, as the sender.</summary>
    /// <returns>False when the client's side is full.</returns>
    private bool SendReady(NbdSession session)
    {
        Segments segments = default;
        IoVectors vectors = default;
        while (true)
        {
            var count = session.Outbox.Gather(segments);
            if (count == 0)
                return true;
            long total = 0;
            for (var i = 0; i < count; i++)
            {
                vectors[i] = new IoVector { Base = (byte*)segments[i].Address, Length = (nuint)segments[i].Length };
                total += segments[i].Length;
            }

            if (_isOutputBroken)
            {
                session.Sent(total);
                continue;
            }

            var message = new MessageHeader { Vectors = (IoVector*)Unsafe.AsPointer(ref vectors), VectorCount = (nuint)count };
            var sent = SendMessage(_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent >= 0)
            {
                Interlocked.Increment(ref _progress);
                session.Sent(sent);
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case EINTR:
                    break;
                case EAGAIN:
                    _isOutputBlocked = true;
                    session.Outbox.EndSend();
                    // The thread waits for room, not whoever finished a request.
                    Signal();
                    return false;
                default:
                    // What is left is thrown away; the thread finds out when it receives.
                    _isOutputBroken = true;
                    Abort();
                    break;
            }
        }
    }

    private void WaitForEvents(NbdSession session)
    {
        if (!session.WantsBytes)
        {
            // From here on whoever changes what is waited for signals; what changed before is seen now.
            Interlocked.Exchange(ref _isParked, 1);
            if (session.IsOver || session.CanProceed)
            {
                Volatile.Write(ref _isParked, 0);
                return;
            }
        }

        var isBlocked = _isOutputBlocked;
        var events = (short)((session.WantsBytes ? POLLIN : 0) | (isBlocked ? POLLOUT : 0));
        var entries = stackalloc PollEntry[2];
        // A descriptor of -1 is ignored: a client that hung up would be reported again and again otherwise.
        entries[0] = new PollEntry { Fd = events == 0 ? -1 : _fd, Events = events };
        entries[1] = new PollEntry { Fd = (int)_wake.DangerousGetHandle(), Events = POLLIN };
        if (Poll(entries, 2, timeoutMs: -1) < 0)
            return;
        Volatile.Write(ref _isParked, 0);
        if (entries[1].Returned != 0)
        {
            ulong value;
            _ = Read(_wake, &value, sizeof(ulong));
        }

        if (entries[0].Returned == 0)
            return;
        if (isBlocked && (entries[0].Returned & ~POLLIN) != 0)
        {
            _isOutputBlocked = false;
            Flush();
        }

        if (session.WantsBytes && (entries[0].Returned & ~POLLOUT) != 0)
            Receive(session, MSG_DONTWAIT);
    }

    private void Receive(NbdSession session, int flags)
    {
        var span = session.ReceiveMemory.Span;
        nint count;
        fixed (byte* start = span)
            count = ReceiveSome(start, span.Length, flags);
        if (count > 0)
        {
            _progress++;
            session.Received((int)count);
        }
        else if (count == 0 || Marshal.GetLastPInvokeError() != EAGAIN)
        {
            session.EndOfStream();
        }
    }

    private nint ReceiveSome(byte* start, int length, int flags)
    {
        while (true)
        {
            var count = SocketCalls.Receive(_fd, start, (nuint)length, flags);
            if (count >= 0 || Marshal.GetLastPInvokeError() != EINTR)
                return count;
        }
    }

    private void Signal()
    {
        ulong one = 1;
        try
        {
            _ = Write(_wake, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // The session was over before the thread that sent its last reply came here.
        }
    }
}
