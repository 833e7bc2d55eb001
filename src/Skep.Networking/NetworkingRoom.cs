using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Networking.Agent;
using Skep.Networking.Controllers;
using Skep.Networking.Dns;
using Skep.Networking.Kinds;

namespace Skep.Networking;

/// <summary>What this room brings to the program.</summary>
public sealed class NetworkingRoom : IRoom
{
    private const string ResolvConfPath = "/etc/resolv.conf";

    /// <inheritdoc/>
    public IReadOnlyList<Kind> Kinds => NetworkingKinds.All;

    /// <inheritdoc/>
    public void AddServices(IServiceCollection services, SkepOptions options)
    {
        services.AddSingleton(new HostNames(options.HostPrefix));
        services.AddSingleton<RegionDefaults>();
        services.AddHostedService<RegionDefaultsService>();
        services.AddReconciler<InstanceInterfaceController>();
        if (options.IsSimulated)
        {
            services.AddReconciler<SimulatedInterfaceAgent>();
            return;
        }

        services.AddSingleton(s => new VpcPlanner(options.NodeName, s.GetRequiredService<HostNames>()));
        services.AddSingleton(s =>
        {
            var resolvers = new ResolvConf(ResolvConfPath);
            return new DnsForwarder(() => resolvers.Servers, hostNamespace: null, s.GetRequiredService<IIdSource>(), s.GetRequiredService<TimeProvider>());
        });
        services.AddSingleton(s => new VpcFabric(
            s.GetRequiredService<CommandRunner>(),
            s.GetRequiredService<HostNames>(),
            s.GetRequiredService<DnsForwarder>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<VpcFabric>>(),
            hostNamespace: null));
        services.AddReconciler<InterfaceAgent>();
    }
}
