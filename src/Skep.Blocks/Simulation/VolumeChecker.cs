namespace Skep.Blocks.Simulation;

/// <summary>
/// The oracle of one volume: knows for every sector of 512 bytes which values the rules allow. A read gives the value of a
/// write that no write acknowledged before the read has replaced; after a crash whatever was flushed (or for another machine:
/// drained) is there, and of the rest any later write; what a recovery was found to hold stays. Everything is counted in
/// events, so that the order of concurrent calls is known exactly.
/// </summary>
public sealed partial class VolumeChecker
{
    private readonly List<List<CheckedWrite>> _sectors = [];
    private readonly List<CheckedWrite> _pending = [];
    private readonly List<CheckedWrite> _undrained = [];
    private readonly Func<long> _nextNumber;
    private VolumeLoss _loss;
    private long _crashed;
    private long _now;

    /// <summary>Makes the checker of a new volume.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="origin">What its sectors hold: all 0, or a snapshot's writes.</param>
    /// <param name="nextNumber">Numbers writes for all volumes of a simulation, so that what belongs to another volume is noticed.</param>
    public VolumeChecker(string name, IReadOnlyList<long> origin, Func<long> nextNumber)
    {
        (Name, _nextNumber) = (name, nextNumber);
        Grow(origin);
        SetSize(origin.Count * (long)SectorStamp.SectorSize);
    }

    /// <summary>For messages.</summary>
    public string Name { get; }

    /// <summary>What was flushed survives the loss of the machine too.</summary>
    public bool HasReplica { get; init; }

    /// <summary>The size in bytes, as far as it is certain.</summary>
    public long SizeBytes { get; private set; }

    /// <summary>The sizes that the volume may be found to have.</summary>
    public IReadOnlyList<long> SizesAllowed { get; private set; } = [];

    /// <summary>A write begins. Its data comes from <see cref="SectorStamp.Fill"/> with its <see cref="CheckedWrite.Value"/>.</summary>
    /// <param name="offset">In bytes, of whole sectors.</param>
    /// <param name="lengthBytes">Of whole sectors.</param>
    /// <param name="isZero">It zeroes, trims, or writes zeroes as data.</param>
    public CheckedWrite BeginWrite(long offset, long lengthBytes, bool isZero)
    {
        var number = _nextNumber();
        var write = new CheckedWrite(number, isZero ? 0 : number, ++_now);
        _pending.Add(write);
        for (var sector = offset / SectorStamp.SectorSize; sector * SectorStamp.SectorSize < offset + lengthBytes; sector++)
            _sectors[(int)sector].Add(write);
        return write;
    }

    /// <summary>A write was acknowledged; ignored when a crash came first.</summary>
    /// <param name="write">The write.</param>
    /// <param name="isDurable">It was asked to be durable on return (FUA).</param>
    public void EndWrite(CheckedWrite write, bool isDurable)
    {
        if (!_pending.Remove(write))
            return;
        write.Ended = ++_now;
        write.IsCertain = true;
        write.IsFlushed = isDurable;
        write.IsReplicated = isDurable && HasReplica;
        _undrained.Add(write);
    }

    /// <summary>A write failed: whether it had an effect is not known, but it will have no other.</summary>
    public void FailWrite(CheckedWrite write)
    {
        if (_pending.Remove(write))
            write.Ended = ++_now;
    }

    /// <summary>A flush or a drain begins.</summary>
    /// <returns>What to pass when it has ended.</returns>
    public long Begin() => ++_now;

    /// <summary>Everything acknowledged before the flush began survives a power cut. Ignored when a crash came since.</summary>
    public void EndFlush(long begun)
    {
        if (begun < _crashed)
            return;
        foreach (var write in _undrained)
        {
            write.IsFlushed |= write.Ended < begun;
            write.IsReplicated |= HasReplica && write.Ended < begun;
        }
    }

    /// <summary>Everything acknowledged before the call began survives a power cut, but not the loss of the machine.</summary>
    public void EndLocalFlush(long begun)
    {
        if (begun < _crashed)
            return;
        foreach (var write in _undrained)
            write.IsFlushed |= write.Ended < begun;
    }

    /// <summary>Everything acknowledged before the drain began survives the loss of the machine. Ignored when a crash came since.</summary>
    public void EndDrain(long begun)
    {
        if (begun < _crashed)
            return;
        foreach (var write in _undrained)
        {
            if (write.Ended < begun)
                write.IsFlushed = write.IsDrained = true;
        }
        _undrained.RemoveAll(write => write.IsDrained);
    }

    /// <summary>A change of the size begins: until it has ended either size is allowed. What is cut off reads as zeroes when it comes back.</summary>
    public CheckedWrite BeginResize(long sizeBytes)
    {
        SizesAllowed = [SizeBytes, sizeBytes];
        if (sizeBytes < SizeBytes)
            return BeginWrite(sizeBytes, SizeBytes - sizeBytes, isZero: true);
        Grow(new long[(sizeBytes / SectorStamp.SectorSize) - _sectors.Count is > 0 and var count ? count : 0]);
        return BeginWrite(SizeBytes, 0, isZero: true);
    }

    /// <summary>A change of the size has ended well, and is durable.</summary>
    public void EndResize(CheckedWrite write, long sizeBytes)
    {
        if (!_pending.Contains(write))
            return;
        EndWrite(write, isDurable: true);
        SetSize(sizeBytes);
    }

    /// <summary>The opener is gone. What was in flight may have had an effect; acknowledgements that come later do not count.</summary>
    public void Crash(VolumeLoss loss)
    {
        _crashed = ++_now;
        foreach (var write in _pending)
            write.Ended = _now;
        _pending.Clear();
        if (loss > _loss)
            _loss = loss;
    }

    /// <summary>
    /// Another machine begins to open the volume. The old opener goes on, and what it drains until it is fenced counts, until
    /// <see cref="CheckRecovered"/> says what the new one found.
    /// </summary>
    public void BeginTakeover() => _loss = VolumeLoss.Machine;

    private void SetSize(long sizeBytes)
    {
        SizeBytes = sizeBytes;
        SizesAllowed = [sizeBytes];
    }

    private void Grow(IReadOnlyList<long> values)
    {
        foreach (var value in values)
        {
            _sectors.Add([new CheckedWrite(value, value, invoked: 0)
            {
                Ended = 0,
                IsCertain = true,
                IsFlushed = true,
                IsDrained = true,
            }]);
        }
    }

    // What a drained write has replaced can never be seen again. (Only while nothing reads: a read sees what was there when it began.)
    private void Prune()
    {
        foreach (var sector in _sectors)
        {
            if (sector.Count == 1)
                continue;
            var floor = sector.Where(write => write.IsDrained).Max(write => write.Invoked);
            sector.RemoveAll(write => write.Ended < floor);
        }
    }
}
