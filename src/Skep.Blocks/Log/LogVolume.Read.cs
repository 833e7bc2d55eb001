namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>How often a read asks the map again because garbage collection moved what it was about to read.</summary>
    private const int MapAttemptsMax = 8;

    /// <summary>Read-ahead never keeps more requests than this under way.</summary>
    private const int ReadAheadsMax = 4;

    private readonly Stack<ReadPlan> _plans = new();
    private readonly ReadAhead _readAhead;
    private readonly List<Extent> _ahead = [];
    private int _readAheads;

    /// <inheritdoc/>
    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        for (int attempt = 1; ; attempt++)
        {
            var plan = Plan(offset, destination.Length);
            try
            {
                await plan.RunAsync(this, offset, destination, ct);
                return;
            }
            catch (ObjectGoneException ex) when (attempt < MapAttemptsMax)
            {
                lock (_gate)
                    ThrowIfStopped();
                _ = ex;
            }
            catch (ObjectGoneException ex)
            {
                throw new BlockDeviceException(BlockError.Io, $"volume {Name}: {ex.Message}, and the volume needs it", ex);
            }
            finally
            {
                plan.Release(_wal);
                lock (_plans)
                    _plans.Push(plan);
            }
        }
    }

    /// <summary>Finds where the content of a range is, and holds on to the log segments that have some of it.</summary>
    private ReadPlan Plan(long offset, long length)
    {
        ReadPlan? plan;
        lock (_plans)
            _plans.TryPop(out plan);
        plan ??= new ReadPlan();
        LogRange ahead;
        lock (_gate)
        {
            CheckRange(offset, length);
            plan.Find(_walMap, _state, _wal, Sector(offset), Sector(offset + length));
            ahead = plan.IsStored ? _readAhead.OnRead(offset, length, _state.SizeBytes) : default;
            if (ahead.LengthBytes > 0 && _readAheads < ReadAheadsMax && !IsNear(ahead))
            {
                _readAheads++;
                Track(ReadAheadAsync(ahead));
            }
        }
        return plan;
    }

    /// <summary>Whether nothing of a range would have to be fetched: then no other thread is woken for it. Under the lock.</summary>
    private bool IsNear(LogRange range)
    {
        _ahead.Clear();
        _state.Map.Collect(Sector(range.Offset), Sector(range.Offset + range.LengthBytes), _ahead);
        return _ahead.TrueForAll(e => !e.IsData || _blocks.IsNear(e.Source, e.Offset, e.Length));
    }

    private async Task ReadAheadAsync(LogRange range)
    {
        await Task.Yield();
        try
        {
            await PrefetchAsync(range.Offset, range.LengthBytes, _stop.Token);
        }
        catch (Exception ex) when (ex is BlockDeviceException or OperationCanceledException)
        {
            // Whoever reads the range is told when it fails again.
        }
        finally
        {
            lock (_gate)
                _readAheads--;
        }
    }

    /// <summary>Where each part of one read comes from.</summary>
    private sealed class ReadPlan
    {
        private readonly List<Extent> _extents = [];
        private readonly List<Extent> _below = [];
        private readonly List<Piece> _pieces = [];

        /// <summary>Whether some of it is in the store.</summary>
        public bool IsStored => _pieces.Exists(static p => p.Source.Id != 0);

        private readonly record struct Piece(Extent Extent, WalSegment? Segment, int RecordAt, SourceObject Source, bool IsBase);

        /// <summary>Under the volume's lock.</summary>
        public void Find(ExtentMap walMap, VolumeState state, WriteAheadLog wal, ulong start, ulong end)
        {
            walMap.Collect(start, end, _extents);
            ulong at = start;
            foreach (var extent in _extents)
            {
                FindBelow(state, at, extent.Start);
                if (extent.IsData)
                {
                    var segment = wal.Pin(extent.Source);
                    _pieces.Add(new Piece(extent, segment, segment.FindRecord((int)extent.Offset * Extent.SectorBytes), default, IsBase: false));
                }
                else
                {
                    _pieces.Add(new Piece(extent, null, 0, default, IsBase: false));
                }
                at = extent.End;
            }
            FindBelow(state, at, end);
        }

        private void FindBelow(VolumeState state, ulong start, ulong end)
        {
            if (start >= end)
                return;
            _below.Clear();
            state.Map.Collect(start, end, _below);
            ulong at = start;
            foreach (var extent in _below)
            {
                AddUnwritten(state, at, extent.Start);
                _pieces.Add(new Piece(extent, null, 0, extent.IsData ? SourceOf(state, extent.Source) : default, IsBase: false));
                at = extent.End;
            }
            AddUnwritten(state, at, end);
        }

        private void AddUnwritten(VolumeState state, ulong start, ulong end)
        {
            for (; start < end; start += Math.Min(end - start, Extent.LengthMax))
                _pieces.Add(new Piece(new Extent(start, (uint)Math.Min(end - start, Extent.LengthMax), Extent.Hole, 0), null, 0, default, state.HasBase));
        }

        public async ValueTask RunAsync(LogVolume volume, long offset, Memory<byte> destination, CancellationToken ct)
        {
            foreach (var piece in _pieces)
            {
                long at = (long)piece.Extent.Start * Extent.SectorBytes;
                var part = destination.Slice((int)(at - offset), (int)piece.Extent.Length * Extent.SectorBytes);
                if (piece.Segment is { } segment)
                    await ReadLogAsync(volume, segment, piece, part, ct);
                else if (piece.Source.Id != 0)
                    await volume._blocks.ReadAsync(piece.Source, piece.Extent.Offset, part, ct);
                else if (piece.IsBase)
                    await volume.ReadBaseAsync(at, part, ct);
                else
                    part.Span.Clear();
            }
        }

        private static async ValueTask ReadLogAsync(LogVolume volume, WalSegment segment, Piece piece, Memory<byte> part, CancellationToken ct)
        {
            try
            {
                await segment.ReadAsync(piece.RecordAt, (int)piece.Extent.Offset * Extent.SectorBytes, part, ct);
            }
            catch (IOException ex)
            {
                throw new BlockDeviceException(BlockError.Io, $"volume {volume.Name}: its local log could not be read: {ex.Message}", ex);
            }
        }

        public void Release(WriteAheadLog wal)
        {
            foreach (var piece in _pieces)
                if (piece.Segment is { } segment)
                    wal.Unpin(segment);
            _pieces.Clear();
            _extents.Clear();
        }
    }

    private static SourceObject SourceOf(VolumeState state, uint id)
    {
        var entry = state.Objects[id];
        return new SourceObject(id, state.ObjectKey(entry), entry.Epoch, entry.HeaderBytes, state.Origins[entry.Origin].VolumeId);
    }

    /// <inheritdoc/>
    public async ValueTask PrefetchAsync(long offset, long length, CancellationToken ct)
    {
        List<(SourceObject Source, Extent Extent)> wanted = [];
        lock (_gate)
        {
            CheckRange(offset, length);
            List<Extent> extents = [];
            _state.Map.Collect(Sector(offset), Sector(offset + length), extents);
            foreach (var extent in extents)
                if (extent.IsData)
                    wanted.Add((SourceOf(_state, extent.Source), extent));
        }
        foreach (var (source, extent) in wanted)
        {
            try
            {
                await _blocks.PrefetchAsync(source, extent.Offset, extent.Length, ct);
            }
            catch (ObjectGoneException)
            {
                // Moved by garbage collection: the read that comes asks the map again.
                return;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct)
    {
        int count = 0;
        bool isFull = false;
        lock (_gate)
        {
            CheckRange(offset, length);
            List<Extent> upper = [], lower = [];
            ulong at = Sector(offset), end = Sector(offset + length);
            _walMap.Collect(at, end, upper);
            foreach (var extent in upper)
            {
                Describe(at, extent.Start);
                Add(extent);
                at = extent.End;
            }
            Describe(at, end);

            void Describe(ulong from, ulong to)
            {
                lower.Clear();
                if (from < to)
                    _state.Map.Collect(from, to, lower);
                foreach (var extent in lower)
                {
                    AddUnwritten(from, extent.Start);
                    Add(extent);
                    from = extent.End;
                }
                AddUnwritten(from, to);
            }
        }
        return ValueTask.FromResult(count);

        void AddUnwritten(ulong from, ulong to) => AddRun((long)(to - from), isHole: !_state.HasBase, isZero: !_state.HasBase);

        void Add(in Extent extent) => AddRun(extent.Length, isHole: extent.Source == Extent.Hole, isZero: !extent.IsData);

        void AddRun(long sectors, bool isHole, bool isZero)
        {
            if (sectors <= 0 || isFull)
                return;
            var span = extents.Span;
            if (count > 0 && span[count - 1].IsHole == isHole && span[count - 1].IsZero == isZero)
                span[count - 1] = span[count - 1] with { LengthBytes = span[count - 1].LengthBytes + sectors * Extent.SectorBytes };
            else if (count < span.Length)
                span[count++] = new BlockExtent(sectors * Extent.SectorBytes, isHole, isZero);
            else
                isFull = true;
        }
    }
}
