using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skep.Aws.Dispatch;
using Skep.Aws.Ebs;
using Skep.Aws.Ec2.Images;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.RootVolumes;
using Skep.Aws.Kinds;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Aws;

/// <summary>What this room brings to the program: the AWS dialect.</summary>
public sealed class AwsRoom : IRoom
{
    /// <inheritdoc/>
    public IReadOnlyList<Kind> Kinds => AwsKinds.All;

    /// <inheritdoc/>
    public void AddServices(IServiceCollection services, SkepOptions options)
    {
        ServedOperations.Register(services);
        services.AddSingleton<InstanceCapacity>();
        services.AddSingleton<EbsSnapshots>();
        services.AddSingleton<EbsTokens>();
        services.AddSingleton<AwsMetrics>();
        services.AddSingleton<AwsAuthorization>();
        services.AddSingleton<SigV4Verifier>();
        services.AddSingleton(s => new Dispatcher(
            ServedOperations.Create(s),
            s.GetRequiredService<ResourceClient>(),
            s.GetRequiredService<AwsAuthorization>(),
            s.GetRequiredService<AwsMetrics>(),
            s.GetRequiredService<ILogger<Dispatcher>>()));
        services.AddSingleton<IDialect, AwsDialect>();
        services.AddReconciler<IdempotencyCleaner>();
        services.AddReconciler<ImageCaptureController>();
        services.AddReconciler<ReplaceRootVolumeController>();
    }
}
