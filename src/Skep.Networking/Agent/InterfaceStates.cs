using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Kinds;

namespace Skep.Networking.Agent;

/// <summary>What agents report of an interface.</summary>
internal static class InterfaceStates
{
    /// <summary>Its device is ready to use.</summary>
    public static NetworkInterfaceStatus InUse(string ns, string device, string? message) =>
        new() { State = "in-use", NetworkNamespace = ns, DeviceName = device, Message = message };

    /// <summary>It has no device because of a problem, which is tried again.</summary>
    public static NetworkInterfaceStatus Failed(string message) => new() { State = "pending", Message = message };

    /// <summary>It has no device: it is attached to nothing, or to an instance without a node yet.</summary>
    public static NetworkInterfaceStatus Idle(NetworkInterfaceSpec spec) => new() { State = spec.Attachment is null ? "available" : "pending" };

    /// <summary>Writes the status unless it is so already. Members that this version does not know stay.</summary>
    public static Task SetAsync(ResourceClient client, ResourceKey key, NetworkInterfaceStatus wanted, CancellationToken ct) =>
        client.ModifyAsync(NetworkingKinds.NetworkInterface, key, i =>
        {
            if (i.Metadata.DeletionTimestamp is not null)
                return false;
            var status = i.Status ??= new NetworkInterfaceStatus { State = "" };
            if ((status.State, status.NetworkNamespace, status.DeviceName, status.Message) == (wanted.State, wanted.NetworkNamespace, wanted.DeviceName, wanted.Message))
                return false;
            (status.State, status.NetworkNamespace, status.DeviceName, status.Message) = (wanted.State, wanted.NetworkNamespace, wanted.DeviceName, wanted.Message);
            return true;
        }, ct);

    /// <summary>Lets a deleted interface go: nothing of it is on the node any more.</summary>
    public static Task ReleaseAsync(ResourceClient client, ResourceKey key, CancellationToken ct) =>
        client.ModifyAsync(NetworkingKinds.NetworkInterface, key, i => i.Metadata.DeletionTimestamp is not null && i.Metadata.Finalizers?.Remove(NetworkInterface.Finalizer) is true, ct);
}
