using Skep.Blocks.Files;

namespace Skep.Blocks.Log.Replication;

/// <summary>A keeper's copy of one volume's log. Whoever writes it is the opener with the youngest epoch; others are refused. Thread-safe.</summary>
internal sealed class ReplicaVolume(ReplicaDirectory directory, ReplicaLabel label) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<ReplicaSegment> _segments = [];
    private readonly Stack<ReplicaSegment> _spares = new();
    private ReplicaLabel _label = label;
    private ReplicaSession? _writer;
    private ReplicaSegment? _current;

    public Guid VolumeId => _label.VolumeId;

    /// <summary>Takes a file that was found at the start.</summary>
    /// <returns>False when it is none of the log's.</returns>
    public bool TryTake(ReplicaSegment segment)
    {
        if (segment.Header is not { } header || header.VolumeId != VolumeId || !_label.WalIds.Contains(header.WalId))
            return false;
        _segments.Add(segment);
        _segments.Sort((a, b) => WalSegmentHeader.CompareAge(a.Header!, b.Header!));
        return true;
    }

    /// <summary>An opener begins to write. A log that the keeper does not know takes the place of the one that it has.</summary>
    /// <returns>The last record that the keeper has of it.</returns>
    /// <exception cref="ReplicaException">A later opener has the volume.</exception>
    /// <param name="handshake">Which log and epoch.</param>
    /// <param name="appended">The last record that the opener had found: what an earlier one sent behind it is void.</param>
    /// <param name="writer">Its connection.</param>
    public async Task<ulong> BeginAsync(ReplicaHandshake handshake, ulong appended, ReplicaSession writer)
    {
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            RefuseFenced(handshake);
            bool isKnown = _label.WalIds.Contains(handshake.WalId);
            if (!isKnown || handshake.Epoch != _label.WriterEpoch)
                await LabelAsync(new ReplicaLabel(VolumeId, handshake.Epoch, handshake.Epoch, appended, isKnown ? _label.WalIds : [handshake.WalId]));
            // Only the label says what belongs to the log: what another opener left is no part of it any more.
            if (!isKnown)
                ReleaseAll();
            _writer?.End(handshake.Epoch);
            (_writer, _current) = (writer, null);
            return _segments.Count == 0 ? 0 : _segments.Max(s => s.LastSequence);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Refuses openers of earlier epochs from now on, and lets a log be found by another id too.</summary>
    /// <returns>Whether the keeper has the log.</returns>
    public async Task<bool> AdoptAsync(ReplicaHandshake handshake)
    {
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            RefuseFenced(handshake);
            bool isKnown = _label.WalIds.Contains(handshake.WalId);
            await LabelAsync(isKnown ? _label.With(handshake.Epoch, handshake.NewWalId, Needed()) : _label with { Epoch = handshake.Epoch });
            _writer?.End(handshake.Epoch);
            (_writer, _current) = (null, null);
            return isKnown;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// The segments of a log, the oldest first, and the last record of each that counts; null when the keeper does not have it.
    /// </summary>
    /// <param name="walId">The log.</param>
    /// <param name="lastEpoch">
    /// The last opener's epoch. If the keeper has not heard of that one, it may have found less in its own copy than the keeper
    /// has of the one before it: then only what was flushed is certainly part of what it had.
    /// </param>
    public async Task<IReadOnlyList<(ReplicaSegment Segment, ulong Last)>?> FindAsync(Guid walId, uint lastEpoch)
    {
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            if (!_label.WalIds.Contains(walId))
                return null;
            ulong limit = _label.WriterEpoch == lastEpoch ? ulong.MaxValue : _segments.Select(s => s.Flushed).DefaultIfEmpty().Max();
            return [.. _segments.Select(s => (s, Math.Min(Math.Min(limit, s.LastSequence), s.Header!.Epoch < _label.WriterEpoch ? _label.Base : ulong.MaxValue)))];
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The records that follow are in this segment: a new one, or one that goes on after a broken connection.</summary>
    public async Task BeginSegmentAsync(ReplicaSession writer, WalSegmentHeader header, int lengthBytes)
    {
        if (header.VolumeId != VolumeId)
            throw new ReplicaException(ReplicaRefusal.Protocol, $"a segment of volume {header.VolumeId} came, expected {VolumeId}");
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            RefuseOther(writer);
            _current = _segments.Find(s => s.Header!.Generation == header.Generation);
            if (_current is { IsBad: true })
                throw new ReplicaException(ReplicaRefusal.Gap, $"the disk failed in the segment of generation {header.Generation}");
            if (_current is not null)
                return;
            var segment = await TakeFileAsync(lengthBytes);
            try
            {
                await segment.BeginAsync(header);
            }
            catch
            {
                _spares.Push(segment);
                throw;
            }
            _segments.Add(segment);
            _current = segment;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Takes a record; one that is there already is ignored.</summary>
    public async Task AppendAsync(ReplicaSession writer, WalRecordHeader record, ReadOnlyMemory<byte> content)
    {
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            RefuseOther(writer);
            if (_current is not { } segment || record.Generation != segment.Header!.Generation || record.Sequence > segment.LastSequence + 1 || !segment.HasRoom(record))
                throw new ReplicaException(ReplicaRefusal.Gap, $"record {record.Sequence} does not continue what is here, which ends with {_current?.LastSequence ?? 0}");
            if (record.Sequence <= segment.LastSequence)
                return;
            try
            {
                await segment.AppendAsync(record, content);
            }
            catch (IOException)
            {
                segment.IsBad = true;
                throw;
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Makes everything durable that came before the call.</summary>
    /// <param name="writer">Who is told.</param>
    /// <param name="flushed">The record up to which it is noted as flushed; 0 for none.</param>
    public async Task SyncAsync(ReplicaSession writer, ulong flushed)
    {
        List<ReplicaSegment> dirty;
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            RefuseOther(writer);
            if (_current is { } current && current.Flushed < flushed)
                await current.MarkAsync(flushed);
            dirty = _segments.FindAll(s => s.IsDirty);
            foreach (var segment in dirty)
                segment.IsDirty = false;
        }
        finally
        {
            _gate.Release();
        }
        foreach (var segment in dirty)
        {
            try
            {
                await segment.SyncAsync();
            }
            catch (IOException)
            {
                // After a failed sync the kernel calls the lost pages clean: nothing may be built on them.
                foreach (var other in dirty)
                    other.IsBad = true;
                throw;
            }
        }
    }

    /// <summary>The object store has the records up to one: their copies can go.</summary>
    public async Task ReleaseAsync(ReplicaSession writer, ulong sequence)
    {
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            RefuseOther(writer);
            foreach (var segment in _segments.FindAll(s => s != _current && s.LastSequence <= sequence))
                Release(segment);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A writer's connection has ended; what it does not need any more is given back to the disk.</summary>
    public async Task EndAsync(ReplicaSession writer)
    {
        await _gate.EnterAsync(CancellationToken.None);
        try
        {
            if (_writer == writer)
                (_writer, _current) = (null, null);
            while (_writer is null && _spares.TryPop(out var spare))
                await directory.DeleteAsync(spare);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var segment in _segments.Concat(_spares))
            await segment.DisposeAsync();
    }

    private void RefuseFenced(ReplicaHandshake handshake)
    {
        if (handshake.Epoch < _label.Epoch)
            throw new ReplicaException(ReplicaRefusal.Fenced, $"volume {VolumeId} was taken with epoch {_label.Epoch}, after epoch {handshake.Epoch}");
    }

    private void RefuseOther(ReplicaSession writer)
    {
        if (_writer != writer)
            throw new ReplicaException(ReplicaRefusal.Fenced, $"another opener of volume {VolumeId} has come, with epoch {_label.Epoch}");
    }

    private async Task LabelAsync(ReplicaLabel label)
    {
        await directory.WriteLabelAsync(label);
        _label = label;
    }

    private async Task<ReplicaSegment> TakeFileAsync(int lengthBytes)
    {
        while (_spares.TryPop(out var spare))
        {
            if (spare.LengthBytes == lengthBytes && !spare.IsBad)
                return spare;
            await directory.DeleteAsync(spare);
        }
        return await directory.CreateAsync(VolumeId, lengthBytes);
    }

    private HashSet<Guid> Needed() => [.. _segments.Select(s => s.Header!.WalId)];

    private void ReleaseAll()
    {
        foreach (var segment in _segments.ToList())
            Release(segment);
    }

    private void Release(ReplicaSegment segment)
    {
        _segments.Remove(segment);
        segment.Release();
        _spares.Push(segment);
    }
}
