using Microsoft.Extensions.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Storage.Kinds;

namespace Skep.Storage.Pools;

/// <summary>Makes the pool of volumes that name none, if it is missing.</summary>
internal sealed class PoolSeeder(ResourceClient client) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var transaction = client.Begin();
        if (transaction.View.Get(StorageKinds.StoragePool, "", StoragePool.DefaultName) is not null)
            return;
        transaction.Create(StorageKinds.StoragePool, new StoragePool { Metadata = { Name = StoragePool.DefaultName } });
        try
        {
            await transaction.CommitAsync(cancellationToken);
        }
        catch (ResourceException ex) when (ex.Reason is ResourceError.AlreadyExists)
        {
            // Another server of the cluster has just made it.
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
