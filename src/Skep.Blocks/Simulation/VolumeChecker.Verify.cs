namespace Skep.Blocks.Simulation;

public sealed partial class VolumeChecker
{
    /// <summary>Checks what a read gave.</summary>
    /// <param name="begun">From <see cref="Begin"/>, before the read.</param>
    /// <param name="offset">In bytes, of whole sectors.</param>
    /// <param name="content">Whole sectors.</param>
    /// <exception cref="SimulationException">A sector holds what it must not.</exception>
    public void CheckRead(long begun, long offset, ReadOnlySpan<byte> content)
    {
        // The answer belongs to an opener that is gone.
        if (begun < _crashed)
            return;
        for (; content.Length > 0; offset += SectorStamp.SectorSize, content = content[SectorStamp.SectorSize..])
        {
            var sector = offset / SectorStamp.SectorSize;
            var value = SectorStamp.Read(content[..SectorStamp.SectorSize], sector);
            var writes = _sectors[(int)sector];
            if (!writes.Exists(write => write.Value == value && IsCurrent(writes, write, begun)))
                throw Wrong("", sector, content, writes.Where(write => IsCurrent(writes, write, begun)));
        }
    }

    /// <summary>Checks that what is described as zeroes may be zeroes.</summary>
    public void CheckZeroExtents(long begun, long offset, long length, ReadOnlySpan<BlockExtent> extents)
    {
        if (begun < _crashed)
            return;
        var end = Math.Min(offset + length, SizesAllowed.Min());
        var start = offset;
        foreach (var extent in extents)
        {
            for (var sector = start / SectorStamp.SectorSize; extent.IsZero && sector * SectorStamp.SectorSize < Math.Min(end, start + extent.LengthBytes); sector++)
            {
                var writes = _sectors[(int)sector];
                if (!writes.Exists(write => write.Value == 0 && IsCurrent(writes, write, begun)))
                    throw new SimulationException(SimulationFailure.WrongData, $"{Name}: sector {sector} is described as zeroes, allowed: {string.Join(", ", writes.Where(write => IsCurrent(writes, write, begun)).Select(write => write.Value))}");
            }
            start += extent.LengthBytes;
        }
    }

    /// <summary>
    /// Checks the whole volume as it was found by the first opener after <see cref="Crash"/>, and takes it for the truth: what
    /// was found stays. Beyond the rules for each sector, all of it must be one moment of the history: whatever was
    /// acknowledged before a write that is there began is there too.
    /// </summary>
    /// <exception cref="SimulationException">A sector holds what it must not.</exception>
    public void CheckRecovered(long sizeBytes, ReadOnlySpan<byte> content)
    {
        if (!SizesAllowed.Contains(sizeBytes))
        {
            throw new SimulationException(
                SimulationFailure.WrongData, $"{Name} has {sizeBytes} bytes after {Describe(_loss)}, allowed: {string.Join(", ", SizesAllowed)}");
        }
        // What a taken-over opener had in flight when the new one opened is decided now.
        var now = _crashed = ++_now;
        foreach (var write in _pending)
            write.Ended = now;
        _pending.Clear();

        var values = ReadAll(content);
        CheckSectors($" after {Describe(_loss)}", content, values, (writes, write) => IsPossible(writes, write));
        CheckMoment($" after {Describe(_loss)}", content, values, (writes, write) => IsPossible(writes, write));
        // What lies beyond the end reads as zeroes should the volume grow again.
        Array.Resize(ref values, _sectors.Count);
        Settle(values, now);
        SetSize(sizeBytes);
        _loss = VolumeLoss.None;
    }

    /// <summary>The values that each sector may have at some moment between <paramref name="begun"/> and now: what a snapshot may hold.</summary>
    internal List<CheckedWrite>[] CurrentSince(long begun) =>
        [.. _sectors.Take((int)(SizeBytes / SectorStamp.SectorSize))
            .Select(writes => writes.Where(write => IsCurrent(writes, write, begun)).ToList())];

    /// <summary>Writes that a moment may or must include, for <see cref="SnapshotChecker"/>.</summary>
    internal List<CheckedWrite>[] History => [.. _sectors.Select(writes => writes.ToList())];

    internal static long[] ReadAll(ReadOnlySpan<byte> content)
    {
        var values = new long[content.Length / SectorStamp.SectorSize];
        for (var sector = 0; sector < values.Length; sector++)
            values[sector] = SectorStamp.Read(content.Slice(sector * SectorStamp.SectorSize, SectorStamp.SectorSize), sector);
        return values;
    }

    private static string Describe(VolumeLoss loss) => loss switch
    {
        VolumeLoss.None => "a close",
        VolumeLoss.Process => "the death of the process",
        VolumeLoss.Power => "a power cut",
        VolumeLoss.Machine => "the loss of the machine",
        _ => throw new ArgumentOutOfRangeException(nameof(loss), loss, "no such loss"),
    };

    private static bool IsCurrent(List<CheckedWrite> writes, CheckedWrite write, long begun) =>
        !writes.Exists(later => later.IsCertain && later.Invoked > write.Ended && later.Ended < begun);

    private bool IsPossible(List<CheckedWrite> writes, CheckedWrite write) =>
        !writes.Exists(later => later.Invoked > write.Ended && IsSafe(later));

    private bool IsSafe(CheckedWrite write) => _loss switch
    {
        VolumeLoss.Machine => write.IsDrained || write.IsReplicated,
        VolumeLoss.Power => write.IsFlushed,
        _ => write.IsCertain,
    };

    private void CheckSectors(
        string when, ReadOnlySpan<byte> content, long[] values, Func<List<CheckedWrite>, CheckedWrite, bool> isAllowed)
    {
        for (var sector = 0; sector < values.Length; sector++)
        {
            var writes = _sectors[sector];
            if (!writes.Exists(write => write.Value == values[sector] && isAllowed(writes, write)))
                throw Wrong(when, sector, content.Slice(sector * SectorStamp.SectorSize, SectorStamp.SectorSize), writes.Where(write => isAllowed(writes, write)));
        }
    }

    // The newest write that is certainly there dates the moment; everything that had ended before it began must be there too.
    private void CheckMoment(
        string when, ReadOnlySpan<byte> content, long[] values, Func<List<CheckedWrite>, CheckedWrite, bool> isAllowed)
    {
        CheckedWrite? newest = null;
        for (var sector = 0; sector < values.Length; sector++)
        {
            var writes = _sectors[sector];
            var first = writes.Where(write => write.Value == values[sector] && isAllowed(writes, write)).MinBy(write => write.Invoked)!;
            if (newest is null || first.Invoked > newest.Invoked)
                newest = first;
        }
        CheckSectors(
            $"{when}, where write {newest?.Number} is there and so must be what was acknowledged before it began",
            content,
            values,
            (writes, write) => isAllowed(writes, write)
                && !writes.Exists(later => later.IsCertain && later.Invoked > write.Ended && later.Ended < newest!.Invoked));
    }

    // Where several values were possible, the one that was found is a write of its own from now on.
    private void Settle(long[] values, long now)
    {
        // What was found after a loss is in the store, or with a replica perhaps in that alone.
        var isDrained = _loss == VolumeLoss.Machine && !HasReplica;
        for (var sector = 0; sector < values.Length; sector++)
        {
            var writes = _sectors[sector];
            if (!isDrained && writes.TrueForAll(write => write.Value == values[sector] || !IsCurrent(writes, write, now)))
                continue;
            var found = new CheckedWrite(values[sector], values[sector], ++_now)
            {
                Ended = ++_now,
                IsCertain = true,
                IsFlushed = isDrained,
                IsDrained = isDrained,
            };
            writes.Add(found);
            if (!isDrained)
                _undrained.Add(found);
        }
        // What the taken-over opener had acknowledged and not drained is gone: no later drain makes it safe again.
        if (isDrained)
            _undrained.Clear();
        Prune();
    }

    private SimulationException Wrong(string when, long sector, ReadOnlySpan<byte> content, IEnumerable<CheckedWrite> allowed)
    {
        var names = allowed.Select(write => write switch
        {
            { Number: 0 } => "zeroes",
            { Value: 0 } => $"zeroes (write {write.Number})",
            _ => $"{write.Value}",
        }).Distinct();
        return new(
            SimulationFailure.WrongData,
            $"{Name}{when}: sector {sector} holds {SectorStamp.Describe(content[..SectorStamp.SectorSize], sector)}, allowed: {string.Join(", ", names)}");
    }
}
