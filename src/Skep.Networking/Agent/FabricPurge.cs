using Microsoft.Extensions.Logging.Abstractions;
using Skep.Linux;

namespace Skep.Networking.Agent;

/// <summary>Removes every trace that a daemon left in the host's network, for <c>skep down --purge</c>.</summary>
public static class FabricPurge
{
    /// <summary>
    /// Removes all that begins with a prefix: namespaces with their taps, veth pairs, routes, the nftables table, and
    /// forwarding where it was turned on. The daemon and its machines must have ended. Safe to repeat.
    /// </summary>
    /// <exception cref="CommandException">Something cannot be removed.</exception>
    public static Task RunAsync(CommandRunner runner, string hostPrefix, CancellationToken ct) =>
        RunAsync(runner, hostPrefix, hostNamespace: null, ct);

    /// <inheritdoc cref="RunAsync(CommandRunner, string, CancellationToken)"/>
    internal static Task RunAsync(CommandRunner runner, string hostPrefix, string? hostNamespace, CancellationToken ct)
    {
        var names = new HostNames(hostPrefix);
        var host = new HostSide(runner, names, hostNamespace, NullLogger.Instance);
        return new FabricRemover(runner, names, host, NullLogger.Instance).SweepAsync(new HashSet<string>(), ct);
    }
}
