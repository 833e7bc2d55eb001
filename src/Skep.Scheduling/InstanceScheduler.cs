using System.Text.Json.Nodes;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Scheduling;

/// <summary>Binds instances that were made without a node, for example by kubectl, together with their volumes and interfaces.</summary>
public sealed class InstanceScheduler(ResourceClient client, Placement placement) : IReconciler
{
    /// <summary>One that did not fit is tried again after this time, and whenever another instance changes.</summary>
    private static readonly TimeSpan _retryPeriod = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public string Name => "instance-scheduler";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [InstanceView.GroupResource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) =>
        IsWaiting(changed) ? [changed.Key] : [];

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        var view = client.View;
        if (view.Get(key) is not { } resource || !IsWaiting(resource))
            return null;
        var spec = resource.View(SchedulingJson.Default.InstanceView).Spec;
        var parts = Parts(key, spec).ToList();
        var pinned = parts.Select(p => view.Get(p)?.View(SchedulingJson.Default.BoundView).Spec.NodeName).FirstOrDefault(n => !string.IsNullOrEmpty(n));
        if (!placement.TryPlace(view, [new PlacementRequest(key, spec.InstanceType, pinned)], out var reservation, out var problem))
        {
            await SayAsync(key, problem, ct);
            return _retryPeriod;
        }

        using (reservation)
            await BindAsync(key, parts, reservation, ct);
        return null;
    }

    private static bool IsWaiting(Resource resource)
    {
        var instance = resource.View(SchedulingJson.Default.InstanceView);
        return string.IsNullOrEmpty(instance.Spec.NodeName)
            && instance.Spec.RunState != "Terminated"
            && instance.Status?.State is not ("shutting-down" or "terminated")
            && resource.Metadata.DeletionTimestamp is null;
    }

    private static IEnumerable<ResourceKey> Parts(ResourceKey key, InstanceSpecView spec) =>
        spec.BlockDevices.Select(d => new ResourceKey(BoundView.Volumes, key.Namespace, d.VolumeId ?? ""))
            .Concat(spec.NetworkInterfaces.Select(n => new ResourceKey(BoundView.NetworkInterfaces, key.Namespace, n.NetworkInterfaceId ?? "")));

    /// <summary>All in one transaction: an agent never sees an instance without its parts.</summary>
    private async Task BindAsync(ResourceKey key, List<ResourceKey> parts, Reservation reservation, CancellationToken ct)
    {
        var nodeName = reservation.NodeNames[key];
        var transaction = client.Begin();
        foreach (var part in parts.Prepend(key))
        {
            if (transaction.View.Get(part) is not { } current)
                continue;
            var document = ResourceDocument.ParseObject(current.Json.Span);
            if (document["spec"] is not JsonObject spec || !string.IsNullOrEmpty((string?)spec["nodeName"]))
                continue;
            spec["nodeName"] = nodeName;
            if (part == key && document["status"] is JsonObject status)
                status.Remove("stateReason");
            transaction.Update(client.Kinds[part.GroupResource], ResourceDocument.ToBytes(document), WriteScope.All);
        }

        reservation.Confirm(await transaction.CommitAsync(ct));
    }

    private Task SayAsync(ResourceKey key, InsufficientCapacity problem, CancellationToken ct) => client.ModifyJsonAsync(
        key,
        document =>
        {
            const string Code = "Server.InsufficientInstanceCapacity";
            if (document["status"] is not JsonObject status)
                document["status"] = status = [];
            var message = $"{Code}: {problem.Message}";
            if ((string?)status["stateReason"]?["message"] == message)
                return false;
            status["stateReason"] = new JsonObject { ["code"] = Code, ["message"] = message };
            return true;
        },
        ct);
}
