using Microsoft.Extensions.Hosting;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Types;

/// <summary>Makes the built-in instance types that are missing, before anything can ask for them. Changed ones stay as they are.</summary>
public sealed class InstanceTypeSeeder(ResourceClient client) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var transaction = client.Begin();
        foreach (var row in InstanceTypeTable.Rows.Where(r => transaction.View.Get(ComputeKinds.InstanceType, "", r.Name) is null))
        {
            transaction.Create(ComputeKinds.InstanceType, new InstanceType
            {
                Metadata = { Name = row.Name },
                Spec = { VCpus = row.VCpus, MemoryMib = row.MemoryMib, Burstable = row.IsBurstable },
            });
        }

        try
        {
            await transaction.CommitAsync(cancellationToken);
        }
        catch (ResourceException ex) when (ex.Reason is ResourceError.AlreadyExists)
        {
            // Another server of the cluster has just made them.
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
