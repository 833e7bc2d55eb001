using Microsoft.Extensions.DependencyInjection;
using Skep.Core.Hosting;
using Skep.Linux;

namespace Skep.Compute.Images;

/// <summary>Registers what images need.</summary>
internal static class ImageServices
{
    public static IServiceCollection AddImages(this IServiceCollection services)
    {
        services.AddSingleton<ImageStore>();
        services.AddSingleton(s => ImageBuilders.Make(s.GetRequiredService<CommandRunner>()));
        services.AddSingleton(s => new ImageDownloader(
            // Redirects are followed by the downloader, which has rules for them.
            new HttpMessageInvoker(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(20) }),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ImageImporter>();
        services.AddHostedService<SimulatedImages>();
        services.AddReconciler<ImageImportAgent>();
        services.AddReconciler<ImageAgent>();
        return services;
    }
}
