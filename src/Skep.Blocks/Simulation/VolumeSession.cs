using Skep.Blocks.Stores;

namespace Skep.Blocks.Simulation;

/// <summary>One opening of a volume by one process, and what may go wrong with it.</summary>
internal sealed class VolumeSession(SimulatedProcess process, VolumeChecker checker, SessionFaults faults, Func<long> nextNumber)
{
    public string Name => checker.Name;

    public SimulatedProcess Process => process;

    /// <summary>The open volume.</summary>
    public required IBlockDevice Device { get; init; }

    /// <summary>The longest pause of a client.</summary>
    public TimeSpan PauseMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The volume stopped for a reason that was allowed: clients end.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Somebody else has opened the volume: nothing that happens here counts any more.</summary>
    public bool IsOvertaken { get; set; }

    /// <summary>The opener may be overtaken at any moment.</summary>
    public bool MayBeOvertaken { get; set; }

    /// <summary>Whether a client's read may fail when the store does: it waits unless it was told how long.</summary>
    public bool MayReadFail { get; init; }

    // Acknowledgements after the death of the process are of the step that died.
    public bool Counts => process.IsAlive && !IsOvertaken;

    public CheckedWrite BeginWrite(long offset, long length, bool isZero)
    {
        if (Counts)
            return checker.BeginWrite(offset, length, isZero);
        var number = nextNumber();
        return new CheckedWrite(number, isZero ? 0 : number, 0);
    }

    public void EndWrite(CheckedWrite write, bool isDurable)
    {
        if (Counts)
            checker.EndWrite(write, isDurable);
    }

    public void FailWrite(CheckedWrite write)
    {
        if (Counts)
            checker.FailWrite(write);
    }

    public long Begin() => checker.Begin();

    public void EndFlush(long begun)
    {
        if (Counts)
            checker.EndFlush(begun);
    }

    /// <summary>What a close left is in the local log alone.</summary>
    public void EndLocalFlush(long begun)
    {
        if (Counts)
            checker.EndLocalFlush(begun);
    }

    public void EndDrain(long begun)
    {
        if (Counts)
            checker.EndDrain(begun);
    }

    public void EndResize(CheckedWrite resize, long sizeBytes)
    {
        if (Counts)
            checker.EndResize(resize, sizeBytes);
    }

    public void CheckRead(long begun, long offset, ReadOnlySpan<byte> content)
    {
        if (Counts)
            checker.CheckRead(begun, offset, content);
    }

    public void CheckExtents(long begun, long offset, long length, ReadOnlyMemory<BlockExtent> extents)
    {
        if (Counts)
            checker.CheckZeroExtents(begun, offset, length, extents.Span);
    }

    /// <summary>Rethrows what was not to be expected; notes what ends the session.</summary>
    /// <param name="exception">What happened.</param>
    /// <param name="isStoreNeeded">The operation could not be done without the store.</param>
    public void Explain(Exception exception, bool isStoreNeeded)
    {
        if (!process.IsAlive)
            return;
        process.Scheduler.Trace.Say($"{process.Name} {Name}: {exception.GetType().Name}: {exception.Message}");
        switch (exception)
        {
            case BlockDeviceException { Error: BlockError.Shutdown } when MayBeOvertaken || IsOvertaken || IsBroken || faults.MayDiskFail:
                IsBroken = true;
                return;
            case BlockDeviceException { Error: BlockError.NoSpace } when faults.MayDiskBeFull:
                return;
            case BlockDeviceException { Error: BlockError.Io } when isStoreNeeded && faults.MayStoreFail && !faults.MayDiskFail:
                // The store did not answer; later it may.
                return;
            case ObjectStoreException when isStoreNeeded && faults.MayStoreFail:
                return;
            case BlockDeviceException { Error: BlockError.Io } when faults.MayDiskFail || IsOvertaken:
                IsBroken = true;
                return;
            default:
                throw exception as SimulationException ?? new SimulationException(
                    SimulationFailure.UnexpectedFailure, $"{Name}: {exception.GetType().Name}: {exception.Message}", exception);
        }
    }

    public void Say(string text) => process.Scheduler.Trace.Say($"{process.Name} {Name}: {text}");
}

/// <summary>Which failures a session may see.</summary>
/// <param name="MayDiskFail">The local disk fails reads, writes or syncs.</param>
/// <param name="MayDiskBeFull">The local disk may have no room.</param>
/// <param name="MayStoreFail">The store fails.</param>
/// <param name="MayNetworkFail">The keeper of the log's copy may be away for long.</param>
internal readonly record struct SessionFaults(bool MayDiskFail, bool MayDiskBeFull, bool MayStoreFail, bool MayNetworkFail);
