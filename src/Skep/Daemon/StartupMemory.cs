using Microsoft.Extensions.Hosting;
using Skep.Linux;

namespace Skep.Daemon;

/// <summary>
/// Gives back what only starting needed, once everything has calmed down: the garbage of loading the state, and pages of
/// code that ran once. The program shares its machine with guests.
/// </summary>
internal sealed class StartupMemory(TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan _calmAfter = TimeSpan.FromSeconds(5);

    /// <summary>Waits until all is calm, and gives the pages back.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Ends the wait, without an error.</param>
    public static async Task ReleaseAsync(TimeProvider time, CancellationToken ct)
    {
        try
        {
            await Task.Delay(_calmAfter, time, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return;
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        MappedCode.Release();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => ReleaseAsync(time, stoppingToken);
}
