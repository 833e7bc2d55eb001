using Microsoft.Extensions.Logging;
using Skep.Linux;

namespace Skep.Networking.Agent;

/// <summary>Removes namespaces with all that belongs to them. Needs nothing but the host's state, so it works after a crash.</summary>
internal sealed partial class FabricRemover(CommandRunner runner, HostNames names, HostSide host, ILogger logger)
{
    private readonly IpTool _ip = new(runner);

    /// <summary>Removes one VPC's namespace and the host's side of it. Repeating it does no harm.</summary>
    public async Task RemoveAsync(string ns, string hostDevice, CancellationToken ct)
    {
        if (NetworkNamespace.Exists(ns))
        {
            // Somebody may hold the namespace open for a moment longer; its devices must not outlive this.
            foreach (var link in (await _ip.ListLinksAsync(ns, ct)).Where(l => l.Name.StartsWith(names.TapPrefix, StringComparison.Ordinal)))
                await _ip.DeleteLinkAsync(ns, link.Name, ct);
        }

        await host.RemoveAsync(hostDevice, ct);
        await NetworkNamespace.DeleteAsync(runner, ns, ct);
    }

    /// <summary>Removes everything with the daemon's prefix but what the VPCs named need.</summary>
    /// <param name="namespacesWanted">Namespaces that stay.</param>
    public async Task SweepAsync(IReadOnlySet<string> namespacesWanted, CancellationToken ct)
    {
        foreach (var ns in NetworkNamespace.List(names.NamespacePrefix).Where(ns => !namespacesWanted.Contains(ns)))
        {
            await RemoveAsync(ns, names.HostDeviceOf(ns), ct);
            LogSwept(ns);
        }

        var devicesWanted = namespacesWanted.Select(names.HostDeviceOf).ToHashSet(StringComparer.Ordinal);
        foreach (var device in (await host.ListDevicesAsync(ct)).Where(device => !devicesWanted.Contains(device)))
        {
            await host.RemoveAsync(device, ct);
            LogSwept(device);
        }

        if (namespacesWanted.Count == 0)
            await host.RemoveTableAsync(ct);
    }

    [LoggerMessage(EventId = 612, Level = LogLevel.Information, Message = "{Name}, left by a former run, is removed")]
    private partial void LogSwept(string name);
}
