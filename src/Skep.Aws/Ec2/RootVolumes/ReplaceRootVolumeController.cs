using Skep.Aws.Kinds;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using States = Skep.Aws.Kinds.ReplaceRootVolumeTaskStates;

namespace Skep.Aws.Ec2.RootVolumes;

/// <summary>
/// Replaces root volumes, step by step: the new volume is ready, stop, exchange, start, succeeded. Each step is one transaction
/// that also says how far the task is, so it may be repeated, and go on in another process.
/// </summary>
internal sealed class ReplaceRootVolumeController(ResourceClient resources) : IReconciler
{
    /// <inheritdoc/>
    public string Name => "replace-root-volume-controller";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } =
        [AwsKinds.ReplaceRootVolumeTask.GroupResource, ComputeKinds.Instance.GroupResource, StorageKinds.Volume.GroupResource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        if (changed.Key.GroupResource == AwsKinds.ReplaceRootVolumeTask.GroupResource)
            return [changed.Key];
        return view.List(AwsKinds.ReplaceRootVolumeTask, changed.Key.Namespace)
            .Where(t => !States.IsFinal(t.Status?.State) && (t.Spec.InstanceId == changed.Key.Name || t.Spec.NewVolumeId == changed.Key.Name))
            .Select(t => AwsKinds.ReplaceRootVolumeTask.Key(changed.Key.Namespace, t.Metadata.Name));
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        var transaction = resources.Begin();
        if (transaction.View.Get(key) is not { } resource)
            return null;
        var task = AwsKinds.ReplaceRootVolumeTask.Decode(resource);
        if (task.Metadata.DeletionTimestamp is not null || States.IsFinal(task.Status?.State))
            return null;
        new RootReplacement(transaction, key.Namespace, task, resources.Time.GetUtcNow()).Step();
        await transaction.CommitAsync(ct);
        return null;
    }
}
