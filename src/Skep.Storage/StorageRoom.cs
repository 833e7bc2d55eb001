using Microsoft.Extensions.DependencyInjection;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Storage.Kinds;
using Skep.Storage.Snapshots;
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
        services.AddSingleton<VolumeFiles>();
        services.AddReconciler<VolumeAgent>();
        services.AddReconciler<RootVolumeController>();
        services.AddSingleton<SnapshotStores>();
        services.AddReconciler<SnapshotAgent>();
        services.AddHostedService<SnapshotGarbage>();
    }
}
