using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Kinds;

namespace Skep.Networking.Agent;

/// <summary>The node's agent in simulation: interfaces change state at once and nothing on the host is touched.</summary>
internal sealed class SimulatedInterfaceAgent(ResourceClient client, HostNames names, SkepOptions options) : IReconciler
{
    /// <inheritdoc/>
    public string Name => "simulated-interface-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches => [NetworkingKinds.NetworkInterface.GroupResource];

    /// <inheritdoc/>
    public int Concurrency => 16;

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) => [changed.Key];

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (client.View.Get(key) is not { } resource)
            return null;
        var spec = resource.View(NetworkingKinds.NetworkInterface).Spec;
        if (!string.IsNullOrEmpty(spec.NodeName) && spec.NodeName != options.NodeName)
            return null;
        if (resource.Metadata.DeletionTimestamp is not null)
            await InterfaceStates.ReleaseAsync(client, key, ct);
        else if (spec.Attachment is not null && spec.NodeName == options.NodeName)
            await InterfaceStates.SetAsync(client, key, InterfaceStates.InUse(ns: "", names.Tap(key), message: null), ct);
        else
            await InterfaceStates.SetAsync(client, key, InterfaceStates.Idle(spec), ct);
        return null;
    }
}
