using Microsoft.Extensions.Hosting;
using Skep.Linux;

namespace Skep.Daemon;

/// <summary>
/// Gives back what is no longer needed: pages of code that ran once, and after the start or a time of much work its garbage.
/// The daemon shares its machine with guests.
/// </summary>
internal sealed class ResidentMemory(IHostApplicationLifetime lifetime, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
        var pace = new MemoryPace();
        ReleaseCode(pace);
        using var timer = new PeriodicTimer(_period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (pace.IsCollectionDue(GC.GetTotalAllocatedBytes(), HeapBytes()))
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                pace.Collected(HeapBytes());
            }

            if (pace.IsReleaseDue(MappedCode.ReadResidentBytes()))
                ReleaseCode(pace);
        }
    }

    /// <summary>What the collector held after the last collection, or has given out meanwhile, garbage included.</summary>
    private static long HeapBytes() => Math.Max(GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes, GC.GetTotalMemory(forceFullCollection: false));

    private static void ReleaseCode(MemoryPace pace)
    {
        MappedCode.Release();
        pace.Released(MappedCode.ReadResidentBytes());
    }
}
