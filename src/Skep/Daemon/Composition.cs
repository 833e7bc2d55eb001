using Microsoft.Extensions.DependencyInjection;
using Skep.Aws;
using Skep.Compute;
using Skep.Core.Hosting;
using Skep.Kubernetes;
using Skep.Networking;
using Skep.S3;
using Skep.Scheduling;
using Skep.Storage;

namespace Skep.Daemon;

/// <summary>What this program is made of: the one place that knows every room and dialect.</summary>
internal static class Composition
{
    /// <summary>The capabilities.</summary>
    public static IRoom[] CreateRooms(S3Options s3) => [new ComputeRoom(), new NetworkingRoom(), new StorageRoom(), new SchedulingRoom(), new AwsRoom(), new S3Room(s3)];

    /// <summary>The protocols, in the order in which they are asked whether a request is theirs.</summary>
    public static void AddDialects(IServiceCollection services)
    {
        // The AWS and S3 dialects come with their rooms.
        services.AddSingleton<IDialect, KubernetesDialect>();
    }
}
