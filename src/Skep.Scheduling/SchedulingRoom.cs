using Microsoft.Extensions.DependencyInjection;
using Skep.Core.Hosting;
using Skep.Core.Resources;

namespace Skep.Scheduling;

/// <summary>What this room brings to the program.</summary>
public sealed class SchedulingRoom : IRoom
{
    /// <inheritdoc/>
    public IReadOnlyList<Kind> Kinds => [];

    /// <inheritdoc/>
    public void AddServices(IServiceCollection services, SkepOptions options)
    {
        services.AddSingleton<Placement>();
        services.AddReconciler<InstanceScheduler>();
    }
}
