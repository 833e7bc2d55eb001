using System.Net.Sockets;

namespace Skep.Blocks.Log.Replication;

internal sealed partial class ReplicaWriter
{
    private static readonly TimeSpan _connectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _pauseMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _forever = TimeSpan.FromHours(1);

    private readonly byte[] _small = new byte[ReplicaFrame.HeaderBytes + ReplicaHandshake.PayloadBytes];

    /// <summary>Keeps a connection to the keeper until the volume stops.</summary>
    public async Task RunAsync()
    {
        await Task.Yield();
        var pause = _settings.RetryDelay;
        while (!_stopped.IsCancellationRequested)
        {
            bool wasConnected = false;
            try
            {
                wasConnected = await ConnectOnceAsync();
            }
            catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
            {
                return;
            }
            lock (_gate)
                if (wasConnected && !_isRefused)
                    pause = _settings.RetryDelay;
            try
            {
                await Task.Delay(pause, Time, _stopped);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            pause = pause * 2 < _pauseMax ? pause * 2 : _pauseMax;
        }
    }

    /// <returns>Whether the keeper took the log.</returns>
    private async Task<bool> ConnectOnceAsync()
    {
        using var connection = CancellationTokenSource.CreateLinkedTokenSource(_stopped);
        Exception? why = null;
        bool isTaken = false;
        try
        {
            using var deadline = new CancellationTokenSource(_connectTimeout, Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(connection.Token, deadline.Token);
            await using var stream = await _connector.ConnectAsync(either.Token);
            using var reader = new FrameReader(stream);
            await SendHandshakeAsync(stream, _small, ReplicaFrameKind.Hello, _found, _handshake, either.Token);
            await reader.ReadAsync(ReplicaFrameKind.Welcome, either.Token);
            isTaken = true;
            Begin(connection);
            why = await ExchangeAsync(stream, reader, connection);
        }
        catch (Exception ex) when (IsFailure(ex))
        {
            why = ex;
        }
        End(why);
        return isTaken;
    }

    /// <summary>Sends and receives until either fails.</summary>
    private async Task<Exception?> ExchangeAsync(Stream stream, FrameReader reader, CancellationTokenSource connection)
    {
        var receiving = ReceiveAsync(reader, connection);
        var sending = SendAsync(stream, connection);
        var received = await receiving;
        var sent = await sending;
        return received ?? sent;
    }

    /// <summary>Sends who and what, in a buffer of its own size.</summary>
    public static async Task SendHandshakeAsync(Stream stream, byte[] buffer, ReplicaFrameKind kind, ulong number, ReplicaHandshake handshake, CancellationToken ct)
    {
        handshake.Write(buffer.AsSpan(ReplicaFrame.HeaderBytes));
        new ReplicaFrame(kind, number, ReplicaHandshake.PayloadBytes).Seal(buffer);
        await stream.WriteAsync(buffer, ct);
        await stream.FlushAsync(ct);
    }

    /// <summary>What a network or a keeper does to those who use it.</summary>
    public static bool IsFailure(Exception ex) => ex is IOException or SocketException or ReplicaException or OperationCanceledException or ObjectDisposedException
        or System.Security.Authentication.AuthenticationException;

    private void Begin(CancellationTokenSource connection)
    {
        bool isBack;
        lock (_gate)
        {
            (_connection, _isConnected, _heardAt) = (connection, true, Time.GetTimestamp());
            _releaseSent = 0;
            _wantsFreshSegment = _isGap;
            // A flush may have been freed with the records that a sync covered.
            _flushAsked = _durable;
            _ring.Rewind();
            isBack = !_isRefused && TakeFailure();
        }
        SetAll();
        ReportBack(isBack);
    }

    /// <summary>Notes that the keeper takes the log. Under the lock.</summary>
    /// <returns>Whether it did not before.</returns>
    private bool TakeFailure()
    {
        bool hadFailed = _failure is not null;
        (_failure, _isRefused) = (null, false);
        return hadFailed;
    }

    private void ReportBack(bool isBack)
    {
        if (isBack)
            Report(LogVolumeEventKind.ReplicaAnswers, $"replica {_connector.Name} takes its log again", null);
    }

    private void End(Exception? why)
    {
        string message = why switch
        {
            null => "it closed the connection",
            OperationCanceledException => $"no answer within {_replyTimeout}",
            _ => why.Message,
        };
        bool isNew;
        lock (_gate)
        {
            if (_isConnected)
                _awaySince = Time.GetTimestamp();
            (_connection, _isConnected, _wantsFreshSegment) = (null, false, false);
            // What was damaged on its way is sent again; what the keeper cannot take is not.
            _isRefused |= why is ReplicaException { Refusal: not ReplicaRefusal.Protocol };
            if (why is ReplicaException { Refusal: not ReplicaRefusal.Protocol } && !_isGap)
                KeepGap();
            isNew = _failure is null;
            _failure = message;
        }
        SetAll();
        if (isNew && !_stopped.IsCancellationRequested)
            Report(LogVolumeEventKind.ReplicaFailed, $"replica {_connector.Name} does not take its log: {message}; flushes wait for the store until it does", why);
    }

    private async Task<Exception?> SendAsync(Stream stream, CancellationTokenSource connection)
    {
        var ct = connection.Token;
        try
        {
            while (true)
            {
                ReadOnlyMemory<byte> run;
                lock (_gate)
                    run = TakeNext();
                if (run.Length == 0)
                {
                    await _send.WaitAsync(_forever, Time, ct);
                    continue;
                }
                await stream.WriteAsync(run, ct);
                await stream.FlushAsync(ct);
                lock (_gate)
                    _ring.EndRun(Math.Max(_synced, _released));
                _room.Set();
            }
        }
        catch (Exception ex) when (IsFailure(ex))
        {
            connection.Cancel();
            lock (_gate)
                _ring.EndRun(0);
            return ex is OperationCanceledException ? null : ex;
        }
    }

    /// <summary>What is to be sent next. Under the lock.</summary>
    private ReadOnlyMemory<byte> TakeNext()
    {
        // The segment that goes on comes before the release of what is in it: then the keeper does not let go of it.
        if (_ring.TakeHead() is { Length: > 0 } head)
            return head;
        if (_releaseSent >= _released)
            return _ring.TakeRun();
        _releaseSent = _released;
        new ReplicaFrame(ReplicaFrameKind.Release, _released, 0).Seal(_small);
        return _small.AsMemory(0, ReplicaFrame.HeaderBytes);
    }

    private async Task<Exception?> ReceiveAsync(FrameReader reader, CancellationTokenSource connection)
    {
        try
        {
            while (await reader.ReadAsync(connection.Token) is { } frame)
            {
                reader.ThrowIfRefused(frame);
                if (frame.Kind is not (ReplicaFrameKind.Durable or ReplicaFrameKind.Synced))
                    throw FrameReader.Unexpected(frame.Kind, $"{ReplicaFrameKind.Durable} or {ReplicaFrameKind.Synced}");
                bool isBack;
                lock (_gate)
                {
                    isBack = TakeFailure();
                    _heardAt = Time.GetTimestamp();
                    if (!_isGap)
                        _synced = Math.Max(_synced, frame.Number);
                    if (!_isGap && frame.Kind == ReplicaFrameKind.Durable)
                        _durable = Math.Max(_durable, frame.Number);
                    _ring.Free(Math.Max(_synced, _released));
                }
                _covered.Set();
                _room.Set();
                ReportBack(isBack);
            }
            connection.Cancel();
            return null;
        }
        catch (Exception ex) when (IsFailure(ex))
        {
            bool isOwn = connection.IsCancellationRequested;
            connection.Cancel();
            return isOwn && ex is OperationCanceledException ? null : ex;
        }
    }

    private void Report(LogVolumeEventKind kind, string message, Exception? exception) =>
        _settings.Services.OnEvent?.Invoke(new LogVolumeEvent(_settings.Name, kind, $"volume {_settings.Name}: {message}", exception));
}
