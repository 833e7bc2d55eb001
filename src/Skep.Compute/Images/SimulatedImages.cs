using Microsoft.Extensions.Hosting;
using Skep.Compute.Kinds;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Images;

/// <summary>In simulation an image is there from the start: there is nothing to build, and plans want one to refer to.</summary>
internal sealed class SimulatedImages(ResourceClient client, SkepOptions options) : IHostedService
{
    /// <summary>The label that says which region a resource is listed in.</summary>
    public const string RegionLabel = "topology.kubernetes.io/region";

    /// <summary>Virtual size of images without a file.</summary>
    public const long SizeBytes = 2L << 30;

    private const string ImageName = "debian-12";
    private const string Namespace = "default";

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!options.IsSimulated || client.View.List(ComputeKinds.Image, Namespace).Any(i => i.Spec.Name == ImageName))
            return;
        var transaction = client.Begin();
        // Whatever order things start in: an image needs its namespace.
        if (transaction.View.Get(CoreKinds.Namespace.Key("", Namespace)) is null)
        {
            transaction.Create(CoreKinds.Namespace, new Core.Resources.Namespace { Metadata = { Name = Namespace } });
            await transaction.CommitAsync(cancellationToken);
            transaction = client.Begin();
        }

        transaction.Create(ComputeKinds.Image, new Image
        {
            Metadata = { Name = client.Ids.NewAwsId("ami"), Namespace = Namespace, Labels = new() { [RegionLabel] = options.Region } },
            Spec = new ImageSpec
            {
                Name = ImageName, Description = "A simulated Debian 12", Architecture = GuestArchitecture.HostEc2Name, IsSimulated = true,
                SizeBytes = SizeBytes, DefaultUser = "debian",
            },
            Status = new ImageStatus { State = "available" },
        });
        await transaction.CommitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
