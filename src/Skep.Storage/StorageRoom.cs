using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Skep.Core.Hosting;
using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Linux.Processes;
using Skep.Storage.Direct;
using Skep.Storage.Keys;
using Skep.Storage.Kinds;
using Skep.Storage.LogVolumes;
using Skep.Storage.Pools;
using Skep.Storage.Servers;
using Skep.Storage.Snapshots;
using Skep.Storage.Verification;
using Skep.Storage.Volumes;

namespace Skep.Storage;

/// <summary>What this room brings to the program.</summary>
public sealed class StorageRoom : IRoom
{
    /// <inheritdoc/>
    public IReadOnlyList<Kind> Kinds => StorageKinds.All;

    /// <inheritdoc/>
    public void AddServices(IServiceCollection services, SkepOptions options)
    {
        services.AddSingleton<PoolPlaces>();
        services.AddHostedService<PoolSeeder>();
        services.AddReconciler<PoolAgent>();
        services.TryAddSingleton<ProcessWatcher>();
        services.AddSingleton<BlockServers>();
        services.AddSingleton<LogVolumeKeeper>();
        services.AddSingleton<SnapshotStores>();
        services.AddSingleton<DirectSnapshots>();
        services.AddSingleton<VolumeFiles>();
        services.AddSingleton(s => new VolumeKeys(options.PathOf(KeyRingFile.FileName), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IVolumeKeys>(s => s.GetRequiredService<VolumeKeys>());
        services.AddSingleton<SnapshotServer>();
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<SnapshotServer>());
        services.AddReconciler<VolumeAgent>();
        services.AddReconciler<VolumeHydrator>();
        services.AddReconciler<RootVolumeController>();
        services.AddReconciler<SnapshotAgent>();
        services.AddHostedService<SnapshotGarbage>();
        services.AddReconciler<VerificationAgent>();
    }
}
