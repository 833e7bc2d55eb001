using Skep.Compute.Kinds;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Compute.Agent;

/// <summary>
/// Removes terminated instances an hour after their end, as EC2 does, and ends those that no node ever got: there is no
/// agent to do it.
/// </summary>
public sealed class InstanceReaper(ResourceClient client) : IReconciler
{
    /// <summary>How long a terminated instance can still be described.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public string Name => "instance-reaper";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [ComputeKinds.Instance.GroupResource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        var instance = changed.View(ComputeKinds.Instance);
        return instance.Status?.State == InstanceState.Terminated || string.IsNullOrEmpty(instance.Spec.NodeName) ? [changed.Key] : [];
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (client.View.Get(key)?.View(ComputeKinds.Instance) is not { } instance)
            return null;
        if (string.IsNullOrEmpty(instance.Spec.NodeName))
        {
            await EndUnplacedAsync(key, instance, ct);
            instance = client.View.Get(key)?.View(ComputeKinds.Instance) ?? instance;
        }

        if (instance.Status is not { State: InstanceState.Terminated, TerminatedTime: { } ended })
            return null;
        var left = ended + Retention - client.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return left;
        await client.DeleteAsync(key, ct);
        return null;
    }

    private async Task EndUnplacedAsync(ResourceKey key, Instance instance, CancellationToken ct)
    {
        var isDeleted = instance.Metadata.DeletionTimestamp is not null;
        if (!isDeleted && instance.Spec.RunState != InstanceRunState.Terminated)
            return;
        if (instance.Status?.State != InstanceState.Terminated)
        {
            await InstanceParts.ReleaseAsync(client, key, instance, ct);
            await client.ModifyAsync(
                ComputeKinds.Instance,
                key,
                i =>
                {
                    if (!string.IsNullOrEmpty(i.Spec.NodeName))
                        return false; // placed meanwhile: the node's agent ends it
                    InstanceParts.BecomeTerminated(i.Status ??= new InstanceStatus(), client.Time.GetUtcNow());
                    return true;
                },
                ct);
        }

        if (isDeleted)
            await InstanceParts.RemoveFinalizerAsync(client, key, ct);
    }
}
