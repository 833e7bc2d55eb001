using System.Text.Json.Nodes;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Agent;

/// <summary>The end of an instance in the resource model: what was made for it goes, what was lent to it is given back.</summary>
internal static class InstanceParts
{
    /// <summary>
    /// Deletes the interfaces and volumes that end with the instance and detaches the others. Their own rooms do the
    /// work on the host. Safe to repeat.
    /// </summary>
    public static async Task ReleaseAsync(ResourceClient client, ResourceKey key, Instance instance, CancellationToken ct)
    {
        var view = client.View;
        var dependents = new Dictionary<ResourceKey, bool>();
        foreach (var resource in view.List(VolumeView.GroupResource, key.Namespace, after: null))
            AddAttached(dependents, resource.Key, resource.View(MachinePartsJson.Default.VolumeView).Spec.Attachment, key.Name);
        foreach (var resource in view.List(NetworkInterfaceView.GroupResource, key.Namespace, after: null))
            AddAttached(dependents, resource.Key, resource.View(MachinePartsJson.Default.NetworkInterfaceView).Spec.Attachment, key.Name);

        // What the instance itself says goes before what was noted when the part was attached.
        foreach (var device in instance.Spec.BlockDevices)
            Override(dependents, new ResourceKey(VolumeView.GroupResource, key.Namespace, device.VolumeId), device.DeleteOnTermination);
        foreach (var nic in instance.Spec.NetworkInterfaces)
            Override(dependents, new ResourceKey(NetworkInterfaceView.GroupResource, key.Namespace, nic.NetworkInterfaceId), nic.DeleteOnTermination);

        foreach (var (part, isDeleted) in dependents)
        {
            if (isDeleted)
                await client.DeleteAsync(part, ct);
            else
                await DetachAsync(client, part, key.Name, ct);
        }
    }

    /// <summary>The last state. The hour until the resource itself goes begins here.</summary>
    public static void BecomeTerminated(InstanceStatus status, DateTimeOffset now)
    {
        status.State = InstanceState.Terminated;
        status.TerminatedTime ??= now;
        status.ProcessId = null;
        status.BlockDevices = null;
        status.PrivateIpAddress = null;
        status.GuestReachableTime = null;
    }

    /// <summary>Lets a resource that is being deleted go.</summary>
    public static Task RemoveFinalizerAsync(ResourceClient client, ResourceKey key, CancellationToken ct) =>
        client.ModifyAsync(ComputeKinds.Instance, key, static i => i.Metadata.Finalizers?.Remove(Instance.Finalizer) ?? false, ct);

    private static void AddAttached(Dictionary<ResourceKey, bool> dependents, ResourceKey key, PartAttachment? attachment, string instance)
    {
        if (attachment?.InstanceId == instance)
            dependents[key] = attachment.DeleteOnTermination;
    }

    private static void Override(Dictionary<ResourceKey, bool> dependents, ResourceKey key, bool isDeleted)
    {
        if (dependents.ContainsKey(key))
            dependents[key] = isDeleted;
    }

    private static Task DetachAsync(ResourceClient client, ResourceKey key, string instance, CancellationToken ct) =>
        client.ModifyJsonAsync(
            key,
            document =>
            {
                // Checked again: somebody else may have attached it elsewhere meanwhile.
                if (document["spec"] is not JsonObject spec || (string?)spec["attachment"]?["instanceId"] != instance)
                    return false;
                return spec.Remove("attachment");
            },
            ct);
}
