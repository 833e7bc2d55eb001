using System.Globalization;
using Skep.Blocks.Files;

namespace Skep.Blocks.Log.Replication;

/// <summary>
/// Gets a log from its replica when this machine does not have it: that of a machine which was lost. The log is fetched after
/// the volume was claimed with an id that the replica knows too, so that an opener who dies on the way leaves all of it there
/// for the next one. A copy that was not completed is marked by a file and never replayed.
/// </summary>
internal static class ReplicaRecovery
{
    private const string MarkerPrefix = "fetching-";
    private const string SegmentPrefix = "segment-";
    private static readonly TimeSpan _pauseMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _attemptTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Lets nobody of an earlier epoch write to the replica any more, and has it know the log by this opening's id too. The
    /// flushes of the opener before, if it lives, are no longer answered by the replica from here on.
    /// </summary>
    /// <returns>Whether the replica has the log.</returns>
    /// <exception cref="ReplicaException">An opener with a later epoch has been there.</exception>
    /// <exception cref="BlockDeviceException">The replica does not answer.</exception>
    public static Task<bool> AdoptAsync(LogVolumeSettings settings, ReplicaHandshake handshake, CancellationToken ct) => RetryAsync(settings, async (limit, _) =>
    {
        await using var stream = await settings.Replica!.ConnectAsync(limit);
        using var reader = new FrameReader(stream);
        await SendAsync(stream, ReplicaFrameKind.Adopt, handshake, limit);
        return (await reader.ReadAsync(ReplicaFrameKind.Found, limit)).Number == 1;
    }, ct);

    /// <summary>Fetches the log that was adopted, and makes it durable here.</summary>
    /// <param name="settings">Replica, directory.</param>
    /// <param name="handshake">The adoption: the log is fetched by, and gets here, the new id.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="BlockDeviceException">The replica does not answer, or the disk has no room.</exception>
    public static async Task FetchAsync(LogVolumeSettings settings, ReplicaHandshake handshake, CancellationToken ct)
    {
        var directory = settings.LogDirectory;
        string marker = MarkerPrefix + handshake.NewWalId.ToString("N");
        await (await directory.OpenAsync(marker, BlockFileMode.OpenOrCreate, ct)).DisposeAsync();
        await directory.SyncAsync(ct);
        long records = await RetryAsync(settings, async (limit, progress) =>
        {
            await DropAsync(directory, handshake.NewWalId, limit);
            await using var stream = await settings.Replica!.ConnectAsync(limit);
            using var reader = new FrameReader(stream);
            await SendAsync(stream, ReplicaFrameKind.Fetch, handshake with { WalId = handshake.NewWalId, Epoch = handshake.Epoch - 1 }, limit);
            return await ReceiveAsync(settings, handshake.NewWalId, reader, progress, limit);
        }, ct);
        await directory.SyncAsync(ct);
        await directory.DeleteAsync(marker, ct);
        await directory.SyncAsync(ct);
        settings.Services.OnEvent?.Invoke(new LogVolumeEvent(
            settings.Name, LogVolumeEventKind.RecoveredFromReplica, $"volume {settings.Name}: {records} records of the log were fetched from replica {settings.Replica!.Name}, for this machine has not the log of the last opener", null));
    }

    /// <summary>The logs of which there are copies that were not completed.</summary>
    public static async Task<HashSet<Guid>> FindIncompleteAsync(IBlockDirectory directory, CancellationToken ct)
    {
        HashSet<Guid> found = [];
        foreach (string name in await directory.ListAsync(ct))
            if (name.StartsWith(MarkerPrefix, StringComparison.Ordinal) && Guid.TryParseExact(name.AsSpan(MarkerPrefix.Length), "N", out var walId))
                found.Add(walId);
        return found;
    }

    /// <summary>Removes copies that were not completed; the replica still has what they were made from.</summary>
    public static async Task DropIncompleteAsync(IBlockDirectory directory, IReadOnlySet<Guid> incomplete, CancellationToken ct)
    {
        foreach (var walId in incomplete)
            await DropAsync(directory, walId, ct);
        if (incomplete.Count == 0)
            return;
        await directory.SyncAsync(ct);
        foreach (var walId in incomplete)
            await directory.DeleteAsync(MarkerPrefix + walId.ToString("N"), ct);
        await directory.SyncAsync(ct);
    }

    private static async Task DropAsync(IBlockDirectory directory, Guid walId, CancellationToken ct)
    {
        foreach (string name in await directory.ListAsync(ct))
        {
            if (!name.StartsWith(SegmentPrefix, StringComparison.Ordinal))
                continue;
            Guid found;
            await using (var file = await directory.OpenAsync(name, BlockFileMode.Open, ct))
                found = await WriteAheadLog.ReadHeaderAsync(name, file, ct) is { } header ? header.WalId : default;
            if (found == walId)
                await directory.DeleteAsync(name, ct);
        }
    }

    private static async Task<long> ReceiveAsync(LogVolumeSettings settings, Guid walId, FrameReader reader, Action progress, CancellationToken ct)
    {
        int next = 0;
        foreach (string name in await settings.LogDirectory.ListAsync(ct))
            if (name.StartsWith(SegmentPrefix, StringComparison.Ordinal) && int.TryParse(name.AsSpan(SegmentPrefix.Length), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int number))
                next = Math.Max(next, number + 1);
        ReplicaSegment? segment = null;
        uint segments = 0;
        long records = 0;
        try
        {
            while (true)
            {
                var frame = await reader.ReadAsync(ct) ?? throw new IOException("the connection ended before the log did");
                reader.ThrowIfRefused(frame);
                progress();
                if (frame.Kind is ReplicaFrameKind.Segment or ReplicaFrameKind.End && segment is not null)
                {
                    await segment.SyncAsync();
                    await segment.DisposeAsync();
                    segment = null;
                }
                switch (frame.Kind)
                {
                    case ReplicaFrameKind.End:
                        return records;
                    case ReplicaFrameKind.Segment when reader.Payload.Length == FrameRing.SegmentPayloadBytes:
                        segment = await BeginAsync(settings, walId, ++segments, $"{SegmentPrefix}{next++:x6}", reader.Payload, ct);
                        break;
                    case ReplicaFrameKind.Record when segment is not null && WalRecordHeader.TryRead(reader.Payload.Span, out var record):
                        await segment.AppendAsync(record, reader.Payload);
                        records++;
                        break;
                    default:
                        throw FrameReader.Unexpected(frame.Kind, "a segment, a record or the end");
                }
            }
        }
        finally
        {
            if (segment is not null)
                await segment.DisposeAsync();
        }
    }

    private static async Task<ReplicaSegment> BeginAsync(LogVolumeSettings settings, Guid walId, uint ordinal, string name, ReadOnlyMemory<byte> payload, CancellationToken ct)
    {
        var header = WalSegmentHeader.ReadCopy(payload.Span, "a segment's frame") ?? throw new ReplicaException(ReplicaRefusal.Protocol, "a segment's header is damaged");
        int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(payload.Span[WalSegmentHeader.CopyBytes..]);
        var segment = new ReplicaSegment(name, await settings.LogDirectory.OpenAsync(name, BlockFileMode.CreateNew, ct));
        try
        {
            // The header first: what is cut short can be told by it. Counted anew, for the replica also has what its writers
            // themselves had lost, and whose numbers the next of them used again.
            await segment.BeginAsync(header with { WalId = walId, Ordinal = ordinal });
            await segment.FillAsync(WalSegmentHeader.HeaderBytes, Math.Max(length, settings.SegmentBytes), ct);
            return segment;
        }
        catch
        {
            await segment.DisposeAsync();
            throw;
        }
    }

    private static Task SendAsync(Stream stream, ReplicaFrameKind kind, ReplicaHandshake handshake, CancellationToken ct) =>
        ReplicaWriter.SendHandshakeAsync(stream, new byte[ReplicaFrame.HeaderBytes + ReplicaHandshake.PayloadBytes], kind, 0, handshake, ct);

    /// <summary>Tries until the replica answers, for a limited time: what it may have must not be passed over.</summary>
    private static async Task<T> RetryAsync<T>(LogVolumeSettings settings, Func<CancellationToken, Action, Task<T>> ask, CancellationToken ct)
    {
        var time = settings.Services.TimeProvider;
        using var deadline = new CancellationTokenSource(settings.ReplicaOpenTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        Exception? last = null;
        var pause = settings.RetryDelay;
        while (true)
        {
            // A connection may die without a word; a log that comes may take its time.
            using var attempt = new CancellationTokenSource(_attemptTimeout, time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(either.Token, attempt.Token);
            try
            {
                try
                {
                    return await ask(limit.Token, () =>
                    {
                        attempt.CancelAfter(_attemptTimeout);
                        deadline.CancelAfter(settings.ReplicaOpenTimeout);
                    });
                }
                catch (Exception ex) when (ex is not ReplicaException { Refusal: ReplicaRefusal.Fenced or ReplicaRefusal.Gap } && ReplicaWriter.IsFailure(ex) && !FileErrors.IsDiskFull(ex) && !either.IsCancellationRequested)
                {
                    last = ex;
                }
                await Task.Delay(pause, time, either.Token);
                pause = pause * 2 < _pauseMax ? pause * 2 : _pauseMax;
            }
            catch (Exception ex) when (ReplicaWriter.IsFailure(ex) && deadline.IsCancellationRequested && !ct.IsCancellationRequested)
            {
                throw new BlockDeviceException(
                    BlockError.Io, $"volume {settings.Name}: replica {settings.Replica!.Name}, which may have what was flushed and the store lacks, did not answer within {settings.ReplicaOpenTimeout}: {(last ?? ex).Message}; opened without a replica, the volume goes on with what the store has", last ?? ex);
            }
        }
    }
}
