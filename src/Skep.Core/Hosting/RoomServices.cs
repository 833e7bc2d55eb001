using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Reconcile;
using Skep.Core.Store;

namespace Skep.Core.Hosting;

/// <summary>Registrations that every room uses.</summary>
public static class RoomServices
{
    /// <summary>
    /// Registers what every daemon runs whatever its rooms: garbage collection, deletion of namespaces, events and their
    /// expiry.
    /// </summary>
    public static IServiceCollection AddCoreControllers(this IServiceCollection services)
    {
        services.AddReconciler<GarbageCollector>();
        services.AddReconciler<NamespaceReconciler>();
        services.AddReconciler<EventExpiry>();
        services.AddSingleton<EventRecorder>();
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<EventRecorder>());
        return services;
    }

    /// <summary>Registers a reconciler and the host that runs it.</summary>
    public static IServiceCollection AddReconciler<[System.Diagnostics.CodeAnalysis.DynamicallyAccessedMembers(System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes.PublicConstructors)] T>(this IServiceCollection services)
        where T : class, IReconciler
    {
        services.AddSingleton<T>();
        services.AddSingleton<IHostedService>(s => new ReconcilerHost(
            s.GetRequiredService<T>(),
            s.GetRequiredService<ResourceStore>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<ReconcilerHost>>()));
        return services;
    }
}
