using System.Net.Sockets;
using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux;
using Skep.Networking.Kinds;

namespace Skep.Networking.Agent;

/// <summary>
/// The node's agent for network interfaces. Works on a whole VPC at a time, because a security group's members and an
/// atomic firewall concern all of its interfaces together: every change of a VPC, subnet, group or interface leads to the
/// VPC's key.
/// </summary>
internal sealed class InterfaceAgent(ResourceClient client, VpcPlanner planner, VpcFabric fabric, SkepOptions options) : IReconciler
{
    /// <summary>How soon the host is looked at again for changes that no resource tells of (routes, a new default device).</summary>
    private static readonly TimeSpan _hostCheckPeriod = TimeSpan.FromMinutes(1);

    private bool _isSwept;

    /// <inheritdoc/>
    public string Name => "interface-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches =>
    [
        NetworkingKinds.Vpc.GroupResource, NetworkingKinds.Subnet.GroupResource,
        NetworkingKinds.SecurityGroup.GroupResource, NetworkingKinds.NetworkInterface.GroupResource,
    ];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        var vpc = changed.Key.GroupResource switch
        {
            var kind when kind == NetworkingKinds.Subnet.GroupResource => changed.View(NetworkingKinds.Subnet).Spec.VpcId,
            var kind when kind == NetworkingKinds.SecurityGroup.GroupResource => changed.View(NetworkingKinds.SecurityGroup).Spec.VpcId,
            var kind when kind == NetworkingKinds.NetworkInterface.GroupResource => changed.View(NetworkingKinds.NetworkInterface).Spec.VpcId,
            _ => changed.Key.Name,
        };
        return [NetworkingKinds.Vpc.Key(changed.Key.Namespace, vpc)];
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        var view = client.View;
        var plan = planner.Plan(view, key, out var problems);
        string? hostProblem = null;
        try
        {
            if (!_isSwept)
                await fabric.SweepAsync(VpcsHere(view), ct);
            _isSwept = true;
            if (plan is null)
                await fabric.RemoveAsync(key, ct);
            else
                hostProblem = await fabric.ApplyAsync(plan, ct);
        }
        catch (Exception ex) when (ex is CommandException or IOException or SocketException or UnauthorizedAccessException)
        {
            foreach (var i in plan?.Interfaces ?? [])
                await SetStatusAsync(i.Key, InterfaceStates.Failed(ex.Message), ct);
            throw;
        }

        foreach (var resource in InterfacesOf(view, key))
            await ReportAsync(resource, plan, problems, hostProblem, ct);
        return plan is null ? null : _hostCheckPeriod;
    }

    private async Task ReportAsync(Resource resource, VpcPlan? plan, IReadOnlyDictionary<ResourceKey, string> problems, string? hostProblem, CancellationToken ct)
    {
        var spec = resource.View(NetworkingKinds.NetworkInterface).Spec;
        if (!string.IsNullOrEmpty(spec.NodeName) && spec.NodeName != options.NodeName)
            return;
        if (resource.Metadata.DeletionTimestamp is not null)
            await InterfaceStates.ReleaseAsync(client, resource.Key, ct);
        else if (plan?.Interfaces.FirstOrDefault(i => i.Key == resource.Key) is { } planned)
            await SetStatusAsync(resource.Key, InterfaceStates.InUse(plan.Namespace, planned.Device, hostProblem), ct);
        else if (problems.TryGetValue(resource.Key, out var problem))
            await SetStatusAsync(resource.Key, InterfaceStates.Failed(problem), ct);
        else
            await SetStatusAsync(resource.Key, InterfaceStates.Idle(spec), ct);
    }

    private Task SetStatusAsync(ResourceKey key, NetworkInterfaceStatus status, CancellationToken ct) =>
        InterfaceStates.SetAsync(client, key, status, ct);

    private IReadOnlyList<ResourceKey> VpcsHere(View view) =>
        [.. view.List(NetworkingKinds.NetworkInterface.GroupResource, ns: null, after: null)
            .Where(r => r.View(NetworkingKinds.NetworkInterface).Spec is { Attachment: not null } spec && spec.NodeName == options.NodeName)
            .Select(r => NetworkingKinds.Vpc.Key(r.Key.Namespace, r.View(NetworkingKinds.NetworkInterface).Spec.VpcId))
            .Distinct()];

    private static IEnumerable<Resource> InterfacesOf(View view, ResourceKey vpc) =>
        view.List(NetworkingKinds.NetworkInterface.GroupResource, vpc.Namespace, after: null)
            .Where(r => r.View(NetworkingKinds.NetworkInterface).Spec.VpcId == vpc.Name);
}
