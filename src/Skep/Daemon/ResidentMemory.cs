using Microsoft.Extensions.Hosting;
using Skep.Linux;

namespace Skep.Daemon;

/// <summary>
/// Gives back what is no longer needed: pages of code that ran once, and after the start or a time of much work its garbage.
/// The program shares its machine with guests.
/// </summary>
internal sealed class ResidentMemory(IHostApplicationLifetime lifetime, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(1);

    /// <summary>Goes on until it is cancelled, which is no error. Call it when the start is over.</summary>
    public static async Task RunAsync(TimeProvider time, CancellationToken ct)
    {
        var pace = new MemoryPace();
        ReleaseCode(pace);
        using var timer = new PeriodicTimer(_period, time);
        using var registration = ct.Register(timer.Dispose);
        while (await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            if (pace.IsCollectionDue(Environment.CpuUsage.TotalTime, HeapBytes()))
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                pace.Collected(HeapBytes());
            }

            if (pace.IsReleaseDue(MappedCode.ReadResidentBytes()))
                ReleaseCode(pace);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
        await RunAsync(time, stoppingToken);
    }

    /// <summary>What the collector held after the last collection, or has given out meanwhile, garbage included.</summary>
    private static long HeapBytes() => Math.Max(GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes, GC.GetTotalMemory(forceFullCollection: false));

    private static void ReleaseCode(MemoryPace pace)
    {
        MappedCode.Release();
        pace.Released(MappedCode.ReadResidentBytes());
    }
}
