using Microsoft.Extensions.Hosting;
using Skep.Linux;

namespace Skep.Daemon;

/// <summary>
/// Gives back what only starting needed, once everything has calmed down: the garbage of loading the state, and pages of
/// code that ran once. The daemon shares its machine with guests.
/// </summary>
internal sealed class StartupMemory(TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan _calmAfter = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(_calmAfter, time, stoppingToken);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        MappedCode.Release();
    }
}
