using Microsoft.Extensions.DependencyInjection;
using Skep.Core.Hosting;

namespace Skep.Compute.Metadata;

/// <summary>Adds the metadata service to the program; in simulation there are no guests to ask.</summary>
internal static class MetadataRegistration
{
    public static IServiceCollection AddMetadataService(this IServiceCollection services, SkepOptions options)
    {
        if (options.IsSimulated)
            return services;
        return services
            .AddSingleton<InstanceMetadata>()
            .AddSingleton<SessionTokens>()
            .AddSingleton<MetadataHandler>()
            .AddHostedService<MetadataService>();
    }
}
