namespace Skep.Blocks.Simulation;

/// <summary>A file's content: as the page cache shows it, as the medium has it, and the changes between.</summary>
internal sealed class SimulatedInode
{
    internal const int SectorSize = 512;
    internal const int PageSize = 4096;

    private readonly Image _cached = new();
    private readonly Image _durable = new();
    private readonly List<Change> _pending = [];
    private readonly HashSet<long> _pages = [];
    private bool _isUnlinked;
    private long _settledCount;

    public long LengthBytes => _cached.LengthBytes;

    public long UsedBytes => _pages.Count * (long)PageSize;

    /// <summary>How many changes there have been.</summary>
    public long ChangeCount => _settledCount + _pending.Count;

    public int Read(long offset, Span<byte> destination)
    {
        var count = (int)Math.Clamp(_cached.LengthBytes - offset, 0, destination.Length);
        _cached.Read(offset, destination[..count]);
        return count;
    }

    /// <summary>Bytes that a write would allocate.</summary>
    public long GrowthOf(long offset, int length) =>
        PagesOf(offset, length).Count(page => !_pages.Contains(page)) * (long)PageSize;

    public void Write(SimulatedDisk disk, long offset, byte[] data)
    {
        if (data.Length == 0)
            return;
        foreach (var page in PagesOf(offset, data.Length))
        {
            if (_pages.Add(page) && !_isUnlinked)
                disk.UsedBytes += PageSize;
        }
        Make(new(ChangeKind.Write, offset, data.Length, data));
    }

    public void SetLength(SimulatedDisk disk, long length)
    {
        Free(disk, page => page * PageSize >= length);
        Make(new(ChangeKind.SetLength, length, 0, null));
    }

    public void Punch(SimulatedDisk disk, long offset, long length)
    {
        Free(disk, page => page * PageSize >= offset && (page + 1) * PageSize <= offset + length);
        Make(new(ChangeKind.Punch, offset, length, null));
    }

    /// <summary>Takes the name away.</summary>
    /// <returns>Bytes that are free now. (Files open longer than their name are not counted on: the engine deletes what it has closed.)</returns>
    public long Unlink()
    {
        _isUnlinked = true;
        return UsedBytes;
    }

    /// <summary>Makes the first changes durable.</summary>
    public void Sync(long changeCount) => Settle(changeCount, _ => true);

    /// <summary>A failed sync: each of the first changes reached the medium or did not, and none is tried again.</summary>
    public void FailSync(long changeCount, SimulationRandom random) => Settle(changeCount, _ => random.Chance(500));

    public void CutPower(SimulationRandom random, int keepPerMille)
    {
        foreach (var change in _pending)
        {
            if (random.Chance(keepPerMille))
                change.ApplyTo(_durable);
            else if (change.Kind == ChangeKind.Write)
                Tear(change, random, keepPerMille);
        }
        _settledCount += _pending.Count;
        _pending.Clear();
        _cached.CopyFrom(_durable);
        _isUnlinked = false;
        _pages.RemoveWhere(page => page * PageSize >= LengthBytes);
    }

    public void FlipBit(long offset, int bit)
    {
        _cached.FlipBit(offset, bit);
        _durable.FlipBit(offset, bit);
    }

    private static IEnumerable<long> PagesOf(long offset, long length)
    {
        for (var page = offset / PageSize; page * PageSize < offset + length; page++)
            yield return page;
    }

    // A write that did not make it whole: a prefix of its sectors, some of its pages in any order, only the new length, or nothing.
    private void Tear(Change change, SimulationRandom random, int keepPerMille)
    {
        if (keepPerMille == 0)
            return;
        switch (random.Below(4))
        {
            case 0:
                var end = (change.Offset / SectorSize * SectorSize) + (SectorSize * (long)random.Below((int)(change.Length / SectorSize) + 1));
                if (end > change.Offset)
                    _durable.Write(change.Offset, change.Data.AsSpan(0, (int)(end - change.Offset)));
                break;
            case 1:
                foreach (var page in PagesOf(change.Offset, change.Length))
                {
                    var start = Math.Max(page * PageSize, change.Offset);
                    var stop = Math.Min((page + 1) * PageSize, change.Offset + change.Length);
                    if (random.Chance(500))
                        _durable.Write(start, change.Data.AsSpan((int)(start - change.Offset), (int)(stop - start)));
                }
                break;
            case 2:
                _durable.SetLength(Math.Max(_durable.LengthBytes, change.Offset + change.Length));
                break;
            default:
                break;
        }
    }

    private void Settle(long changeCount, Predicate<Change> isKept)
    {
        var count = (int)Math.Max(0, changeCount - _settledCount);
        foreach (var change in _pending.Take(count))
        {
            if (isKept(change))
                change.ApplyTo(_durable);
        }
        _pending.RemoveRange(0, count);
        _settledCount += count;
    }

    private void Free(SimulatedDisk disk, Predicate<long> isFreed)
    {
        var count = _pages.RemoveWhere(isFreed);
        if (!_isUnlinked)
            disk.UsedBytes -= count * (long)PageSize;
    }

    private void Make(Change change)
    {
        change.ApplyTo(_cached);
        _pending.Add(change);
    }

    private enum ChangeKind
    {
        Write,
        SetLength,
        Punch,
    }

    private readonly record struct Change(ChangeKind Kind, long Offset, long Length, byte[]? Data)
    {
        public void ApplyTo(Image image)
        {
            switch (Kind)
            {
                case ChangeKind.Write:
                    image.Write(Offset, Data);
                    break;
                case ChangeKind.SetLength:
                    image.SetLength(Offset);
                    break;
                case ChangeKind.Punch:
                    image.Clear(Offset, Length);
                    break;
            }
        }
    }

    private sealed class Image
    {
        private byte[] _bytes = [];

        public long LengthBytes { get; private set; }

        public void Read(long offset, Span<byte> destination) => _bytes.AsSpan((int)Math.Min(offset, LengthBytes), destination.Length).CopyTo(destination);

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            SetLength(Math.Max(LengthBytes, offset + source.Length));
            source.CopyTo(_bytes.AsSpan((int)offset));
        }

        public void SetLength(long length)
        {
            if (length < LengthBytes)
                _bytes.AsSpan((int)length, (int)(LengthBytes - length)).Clear();
            else if (length > _bytes.Length)
                Array.Resize(ref _bytes, (int)Math.Max(length, _bytes.Length * 2L));
            LengthBytes = length;
        }

        public void Clear(long offset, long length)
        {
            var end = Math.Min(offset + length, LengthBytes);
            if (offset < end)
                _bytes.AsSpan((int)offset, (int)(end - offset)).Clear();
        }

        public void FlipBit(long offset, int bit)
        {
            if (offset < LengthBytes)
                _bytes[offset] ^= (byte)(1 << bit);
        }

        public void CopyFrom(Image other)
        {
            _bytes = other._bytes[..(int)other.LengthBytes];
            LengthBytes = other.LengthBytes;
        }
    }
}
