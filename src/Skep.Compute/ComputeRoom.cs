using Microsoft.Extensions.DependencyInjection;
using Skep.Compute.Agent;
using Skep.Compute.Images;
using Skep.Compute.Kinds;
using Skep.Compute.Metadata;
using Skep.Compute.Nodes;
using Skep.Compute.Qemu;
using Skep.Compute.Types;
using Skep.Core.Hosting;
using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Linux.Processes;

namespace Skep.Compute;

/// <summary>What this room brings to the program.</summary>
public sealed class ComputeRoom : IRoom
{
    /// <inheritdoc/>
    public IReadOnlyList<Kind> Kinds => ComputeKinds.All;

    /// <inheritdoc/>
    public void AddServices(IServiceCollection services, SkepOptions options)
    {
        services.AddSingleton(NodeFacts.Read(options.IsSimulated));
        services.AddSingleton(new InstanceAgentOptions());
        services.AddSingleton<ProcessWatcher>();
        if (options.IsSimulated)
        {
            services.AddSingleton<IHypervisor, SimulatedHypervisor>();
            services.AddSingleton<IMachineDisks, SimulatedDisks>();
        }
        else
        {
            services.AddSingleton<QemuHypervisor>();
            services.AddSingleton<IHypervisor>(s => s.GetRequiredService<QemuHypervisor>());
            services.AddSingleton<IMachineDisks>(s => s.GetRequiredService<QemuHypervisor>());
        }

        // In this order: types and the node exist before anything can be asked for.
        services.AddHostedService<InstanceTypeSeeder>();
        services.AddHostedService<NodeRegistrar>();
        services.AddReconciler<InstanceAgent>();
        services.AddReconciler<InstanceReaper>();
        services.AddMetadataService(options);
        services.AddImages();
    }
}
