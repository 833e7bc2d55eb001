using Skep.Blocks.Files;

namespace Skep.Blocks.Simulation;

public sealed partial class SimulatedDisk
{
    /// <summary>What every call begins with: it is counted, traced, sometimes delayed, and never returns to a dead process.</summary>
    internal async ValueTask BeginIoAsync(SimulatedProcess process, string what, string file, long offset, long length)
    {
        scheduler.CheckThread(what);
        IoCount++;
        if (process.IsAlive)
            BeforeIo?.Invoke(process);
        scheduler.Trace.Mix(what);
        scheduler.Trace.Mix(file);
        scheduler.Trace.Mix(offset);
        scheduler.Trace.Mix(length);
        scheduler.Trace.Say($"{process.Name}: {what} {file} {offset}+{length}");
        await WaitAsync(process);
    }

    /// <summary>What a call whose effect may be seen before it returns ends with.</summary>
    internal ValueTask EndIoAsync(SimulatedProcess process) => WaitAsync(process);

    internal bool TakeSpace(long growthBytes)
    {
        if (Faults.WritesUntilFull is { } left && growthBytes > 0)
        {
            Faults.WritesUntilFull = left > 0 ? left - 1 : null;
            if (left == 0)
                return false;
        }
        return growthBytes <= FreeBytes;
    }

    internal IOException Error(string call, string file)
    {
        scheduler.Trace.Say($"{Name}: {call} of {file} fails");
        return new($"{call} {Name}/{file}: Input/output error", NativeMethods.EIO);
    }

    private async ValueTask WaitAsync(SimulatedProcess process)
    {
        if (process.IsAlive && random.Chance(Faults.DelayPerMille))
        {
            if (random.Chance(700))
                await Task.Yield();
            else
                await scheduler.DelayAsync(random.Time(Faults.DelayMax));
        }
        if (!process.IsAlive)
            await scheduler.Never;
    }
}
