using System.Buffers.Binary;
using System.Text;

namespace Skep.Blocks.Log.Replication;

/// <summary>One connection to a keeper: a writer's, or somebody's who fetches a log.</summary>
internal sealed class ReplicaSession(ReplicaServer server, Stream stream, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan _forever = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _ended = new();
    private readonly AsyncSignal _flush = new();
    private readonly byte[] _answer = new byte[ReplicaFrame.HeaderBytes];
    private ReplicaVolume? _volume;
    private ulong _flushAsked;
    private ulong _syncAsked;
    private uint _overtakenBy;

    /// <summary>Serves the connection until it ends.</summary>
    /// <returns>Why the other end was refused; null when it was not.</returns>
    public async Task<string?> RunAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, _ended.Token);
        using var reader = new FrameReader(stream);
        Exception? why = null;
        try
        {
            why = await ServeAsync(reader, either);
        }
        catch (Exception ex) when (ReplicaWriter.IsFailure(ex) || ex is LogFormatException)
        {
            why = ex;
        }
        if (_volume is not null)
            await _volume.EndAsync(this);
        var refusal = why switch
        {
            OperationCanceledException when _overtakenBy > 0 => new ReplicaException(ReplicaRefusal.Fenced, $"another opener has come, with epoch {_overtakenBy}"),
            ReplicaException refused => refused,
            LogFormatException => new ReplicaException(ReplicaRefusal.Protocol, why.Message),
            IOException { InnerException: null } when _volume is not null => new ReplicaException(ReplicaRefusal.Disk, why.Message),
            _ => null,
        };
        if (refusal is null)
            return null;
        await TryRefuseAsync(refusal, ct);
        return refusal.Message;
    }

    /// <summary>A later opener has come: nothing more is taken from this one.</summary>
    public void End(uint epoch)
    {
        _overtakenBy = epoch;
        _ended.Cancel();
    }

    public void Dispose() => _ended.Dispose();

    private async Task<Exception?> ServeAsync(FrameReader reader, CancellationTokenSource ended)
    {
        if (await reader.ReadAsync(ended.Token) is not { } first)
            return null;
        if (first.Kind is not (ReplicaFrameKind.Hello or ReplicaFrameKind.Adopt or ReplicaFrameKind.Fetch))
            throw FrameReader.Unexpected(first.Kind, nameof(ReplicaFrameKind.Hello));
        var handshake = ReplicaHandshake.Read(reader.Payload.Span);
        switch (first.Kind)
        {
            case ReplicaFrameKind.Adopt:
                // One that was never heard of is fenced too: its writer may be on its way.
                bool isFound = await (await server.FindOrCreateAsync(handshake)).AdoptAsync(handshake);
                await AnswerAsync(ReplicaFrameKind.Found, isFound ? 1u : 0u, ended.Token);
                return null;
            case ReplicaFrameKind.Fetch:
                await SendLogAsync(handshake, ended.Token);
                return null;
            default:
                return await TakeAsync(reader, handshake, first, ended);
        }
    }

    private async Task<Exception?> TakeAsync(FrameReader reader, ReplicaHandshake handshake, ReplicaFrame first, CancellationTokenSource ended)
    {
        _volume = await server.FindOrCreateAsync(handshake);
        ulong last = await _volume.BeginAsync(handshake, first.Number, this);
        await AnswerAsync(ReplicaFrameKind.Welcome, last, ended.Token);
        var syncing = SyncAsync(ended);
        Exception? why = null;
        try
        {
            while (await reader.ReadAsync(ended.Token) is { } frame)
                await TakeAsync(frame, reader.Payload);
        }
        catch (Exception ex)
        {
            why = ex;
        }
        // Whoever ends first is why; the other one only follows.
        bool isFirst = !ended.IsCancellationRequested;
        ended.Cancel();
        var sync = await syncing;
        return _overtakenBy > 0 ? new OperationCanceledException() : isFirst || sync is null ? why : sync;
    }

    private async Task TakeAsync(ReplicaFrame frame, ReadOnlyMemory<byte> payload)
    {
        switch (frame.Kind)
        {
            case ReplicaFrameKind.Segment when payload.Length == FrameRing.SegmentPayloadBytes:
                var header = WalSegmentHeader.ReadCopy(payload.Span, "a segment's frame") ?? throw new ReplicaException(ReplicaRefusal.Protocol, "a segment's header is damaged");
                int length = BinaryPrimitives.ReadInt32LittleEndian(payload.Span[WalSegmentHeader.CopyBytes..]);
                if (length is < 2 * WalSegmentHeader.HeaderBytes or > ReplicaServer.SegmentBytesMax || length % WalRecordHeader.HeaderBytes != 0)
                    throw new ReplicaException(ReplicaRefusal.Protocol, $"a segment would have {length} bytes, expected a multiple of {WalRecordHeader.HeaderBytes} of at most {ReplicaServer.SegmentBytesMax}");
                await _volume!.BeginSegmentAsync(this, header, length);
                break;
            case ReplicaFrameKind.Record:
                await _volume!.AppendAsync(this, ReadRecord(payload.Span), payload);
                break;
            case ReplicaFrameKind.Flush:
                Volatile.Write(ref _flushAsked, frame.Number);
                _flush.Set();
                break;
            case ReplicaFrameKind.Sync:
                Volatile.Write(ref _syncAsked, frame.Number);
                _flush.Set();
                break;
            case ReplicaFrameKind.Release:
                await _volume!.ReleaseAsync(this, frame.Number);
                break;
            default:
                throw FrameReader.Unexpected(frame.Kind, "a segment, a record, a flush, a sync or a release");
        }
    }

    private static WalRecordHeader ReadRecord(ReadOnlySpan<byte> content)
    {
        Span<byte> start = stackalloc byte[WalRecordHeader.UsedBytesOf(0)];
        if (content.Length < start.Length || !WalRecordHeader.TryRead(content, out var record) || content.Length != record.UsedBytes + (long)record.DataBytes)
            throw new ReplicaException(ReplicaRefusal.Protocol, $"a record of {content.Length} bytes is none");
        return record;
    }

    /// <summary>Answers flushes and syncs: those that come while the disk works share the next sync.</summary>
    private async Task<Exception?> SyncAsync(CancellationTokenSource ended)
    {
        await Task.Yield();
        ulong flushed = 0, synced = 0;
        try
        {
            while (true)
            {
                ulong flush = Volatile.Read(ref _flushAsked), sync = Volatile.Read(ref _syncAsked);
                if (flush == flushed && sync == synced)
                {
                    await _flush.WaitAsync(_forever, time, ended.Token);
                    continue;
                }
                await _volume!.SyncAsync(this, flush);
                if (flush != flushed)
                    await AnswerAsync(ReplicaFrameKind.Durable, flush, ended.Token);
                if (sync != synced)
                    await AnswerAsync(ReplicaFrameKind.Synced, sync, ended.Token);
                (flushed, synced) = (flush, sync);
            }
        }
        catch (Exception ex) when (ReplicaWriter.IsFailure(ex))
        {
            bool isOwn = ended.IsCancellationRequested;
            ended.Cancel();
            return isOwn ? null : ex;
        }
    }

    private async Task SendLogAsync(ReplicaHandshake handshake, CancellationToken ct)
    {
        var volume = await server.FindAsync(handshake.VolumeId);
        var segments = (volume is null ? null : await volume.FindAsync(handshake.WalId, handshake.Epoch))
            ?? throw new ReplicaException(ReplicaRefusal.Gap, $"there is no log {handshake.WalId} of volume {handshake.VolumeId}");
        byte[] buffer = new byte[ReplicaFrame.HeaderBytes + ReplicaFrame.PayloadBytesMax];
        foreach (var (segment, last) in segments)
        {
            if (segment.Header is not { } header)
                throw new ReplicaException(ReplicaRefusal.Gap, $"log {handshake.WalId} of volume {handshake.VolumeId} changed while it was fetched");
            if (last < header.FirstSequence)
                continue;
            header.WriteCopy(buffer.AsSpan(ReplicaFrame.HeaderBytes));
            BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(ReplicaFrame.HeaderBytes + WalSegmentHeader.CopyBytes), (int)segment.LengthBytes);
            await SendAsync(buffer, ReplicaFrameKind.Segment, header.FirstSequence, FrameRing.SegmentPayloadBytes, ct);
            int at = WalSegmentHeader.HeaderBytes;
            for (ulong sequence = header.FirstSequence; sequence <= last; sequence++)
            {
                // What is damaged ends the segment; whether it was needed, the log itself tells who replays it.
                if (await segment.ReadAsync(at, sequence, ct) is not { } found)
                    break;
                found.Content.CopyTo(buffer.AsSpan(ReplicaFrame.HeaderBytes));
                await SendAsync(buffer, ReplicaFrameKind.Record, sequence, found.Content.Length, ct);
                at += found.Record.TotalBytes;
            }
        }
        await AnswerAsync(ReplicaFrameKind.End, (ulong)segments.Count, ct);
    }

    private async Task SendAsync(byte[] buffer, ReplicaFrameKind kind, ulong number, int payloadBytes, CancellationToken ct)
    {
        new ReplicaFrame(kind, number, payloadBytes).Seal(buffer);
        await stream.WriteAsync(buffer.AsMemory(0, ReplicaFrame.HeaderBytes + payloadBytes), ct);
    }

    private async Task AnswerAsync(ReplicaFrameKind kind, ulong number, CancellationToken ct)
    {
        new ReplicaFrame(kind, number, 0).Seal(_answer);
        await stream.WriteAsync(_answer, ct);
        await stream.FlushAsync(ct);
    }

    private async Task TryRefuseAsync(ReplicaException refusal, CancellationToken ct)
    {
        byte[] text = Encoding.UTF8.GetBytes(refusal.Message);
        byte[] frame = new byte[ReplicaFrame.HeaderBytes + text.Length];
        text.CopyTo(frame, ReplicaFrame.HeaderBytes);
        new ReplicaFrame(ReplicaFrameKind.Refused, (ulong)refusal.Refusal, text.Length).Seal(frame);
        try
        {
            await stream.WriteAsync(frame, ct);
            await stream.FlushAsync(ct);
        }
        catch (Exception ex) when (ReplicaWriter.IsFailure(ex))
        {
            // It has gone: then it need not be told.
        }
    }
}
