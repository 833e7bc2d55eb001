using Microsoft.Extensions.DependencyInjection;
using Skep.Blocks.Chunks;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Kinds;
using Skep.Storage.Kinds;
using Skep.Storage.Snapshots;

namespace Skep.Aws.Tests;

/// <summary>Does what the agents of a node would: brings every instance to the state that its spec wants.</summary>
public static class SimulatedAgent
{
    /// <summary>Looks at everything once.</summary>
    public static async Task SettleAsync(ResourceClient client, CancellationToken ct)
    {
        foreach (var resource in client.View.List(NetworkingKinds.NetworkInterface.GroupResource, ns: null, after: null).ToList())
            await client.ModifyAsync(NetworkingKinds.NetworkInterface, resource.Key, n => Set(n.Status ??= new(), "in-use"), ct);
        foreach (var volume in client.View.List(StorageKinds.Volume, ns: null).ToList())
            await SettleAsync(client, volume, ct);
        foreach (var snapshot in client.View.List(StorageKinds.Snapshot, ns: null).ToList())
            await SettleAsync(client, snapshot, ct);
        foreach (var resource in client.View.List(ComputeKinds.Instance.GroupResource, ns: null, after: null).ToList())
            await client.ModifyAsync(ComputeKinds.Instance, resource.Key, Settle, ct);
    }

    /// <summary>Looks at everything once, and completes the snapshots whose blocks were put one by one.</summary>
    public static async Task SettleAsync(AwsWorld world, CancellationToken ct)
    {
        var stores = world.Services.GetRequiredService<SnapshotStores>();
        foreach (var snapshot in world.Client.View.List(StorageKinds.Snapshot, ns: null).Where(s => s.Spec.Sealed && s.Status?.State is SnapshotState.Pending).ToList())
        {
            var writer = await stores.OpenWriterAsync(new SnapshotRequest { SnapshotId = snapshot.Metadata.Name, SizeBytes = snapshot.Spec.VolumeSizeGib << 30 }, ct);
            await writer.CompleteAsync(ct);
            await stores.CloseWriterAsync(snapshot.Metadata.Name);
        }

        await SettleAsync(world.Client, ct);
    }

    /// <summary>Looks at everything whenever an instance, a volume or a snapshot changes, until cancelled.</summary>
    public static async Task RunAsync(AwsWorld world, CancellationToken ct)
    {
        using var turn = new SemaphoreSlim(1, 1);
        var revision = world.Client.View.Revision;
        GroupResource[] kinds = [ComputeKinds.Instance.GroupResource, StorageKinds.Volume.GroupResource, StorageKinds.Snapshot.GroupResource];
        await Task.WhenAll(kinds.Select(async kind =>
        {
            await foreach (var _ in world.Client.Store.WatchAsync(kind, revision, ct))
            {
                await turn.WaitAsync(ct);
                try
                {
                    await SettleAsync(world, ct);
                }
                finally
                {
                    turn.Release();
                }
            }
        }));
    }

    private static Task SettleAsync(ResourceClient client, Snapshot snapshot, CancellationToken ct) =>
        client.ModifyAsync(StorageKinds.Snapshot, StorageKinds.Snapshot.Key(snapshot.Metadata.Namespace!, snapshot.Metadata.Name), s =>
        {
            if (s.Metadata.DeletionTimestamp is not null)
                return s.Metadata.Finalizers?.Remove(Snapshot.Finalizer) is true;
            if (s.Status?.State is SnapshotState.Completed or SnapshotState.Error || (s.Spec.Source == SnapshotSource.Direct && !s.Spec.Sealed))
                return false;
            s.Status ??= new SnapshotStatus();
            s.Status.State = SnapshotState.Completed;
            s.Status.Progress = 100;
            s.Status.CapturedTime = s.Status.CompletionTime = client.Time.GetUtcNow();
            return true;
        }, ct);

    private static async Task SettleAsync(ResourceClient client, Volume volume, CancellationToken ct)
    {
        var key = StorageKinds.Volume.Key(volume.Metadata.Namespace!, volume.Metadata.Name);
        if (volume.Metadata.DeletionTimestamp is not null)
        {
            await client.ModifyAsync(StorageKinds.Volume, key, v => v.Metadata.Finalizers?.Remove(Volume.Finalizer) is true, ct);
            return;
        }

        if (volume.Spec.Attachment is { Detach: not null, InstanceId: var instanceId })
        {
            await client.ModifyAsync(ComputeKinds.Instance, ComputeKinds.Instance.Key(key.Namespace, instanceId), i => i.Spec.BlockDevices.RemoveAll(d => d.VolumeId == key.Name) > 0, ct);
            await client.ModifyAsync(StorageKinds.Volume, key, v => { v.Spec.Attachment = null; return true; }, ct);
        }

        await client.ModifyAsync(StorageKinds.Volume, key, v => Set(v.Status ??= new(), v.Spec.Attachment is null ? "available" : "in-use") | Complete(v), ct);
    }

    private static bool Complete(Volume volume)
    {
        if (volume.Status!.Modification is not { State: not "completed" } modification)
            return false;
        modification.State = "completed";
        modification.Progress = 100;
        return true;
    }

    private static bool Settle(Instance instance)
    {
        var status = instance.Status ??= new InstanceStatus();
        var wanted = instance.Spec.RunState switch
        {
            InstanceRunState.Stopped => InstanceState.Stopped,
            InstanceRunState.Terminated => InstanceState.Terminated,
            _ => InstanceState.Running,
        };
        var devices = wanted == InstanceState.Running ? instance.Spec.BlockDevices.Select(d => d.VolumeId).ToList() : [];
        if (status.State == wanted && status.Reboots == instance.Spec.Reboots && devices.SequenceEqual(status.BlockDevices?.Select(d => d.VolumeId) ?? []))
            return false;
        status.BlockDevices = [.. devices.Select(id => new InstanceBlockDeviceStatus { VolumeId = id, State = DiskState.Attached })];
        status.State = wanted;
        status.Reboots = instance.Spec.Reboots;
        return true;
    }

    private static bool Set(NetworkInterfaceStatus status, string state)
    {
        var changes = status.State != state;
        status.State = state;
        return changes;
    }

    private static bool Set(VolumeStatus status, string state)
    {
        var changes = status.State != state;
        status.State = state;
        return changes;
    }
}
