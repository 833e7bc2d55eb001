using Microsoft.Extensions.DependencyInjection;
using Skep.Compute.Agent;
using Skep.Compute.Kinds;
using Skep.Compute.Nodes;
using Skep.Compute.Qemu;
using Skep.Compute.Types;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Linux.Processes;
using Skep.Compute.Metadata;

namespace Skep.Compute;

/// <summary>What this room brings to the program.</summary>
public sealed class ComputeRoom : IRoom
{
    /// <inheritdoc/>
    public IReadOnlyList<Kind> Kinds => ComputeKinds.All;

    /// <inheritdoc/>
    public void AddServices(IServiceCollection services, SkepOptions options)
    {
        services.AddMetadataService(options);
    }
}
