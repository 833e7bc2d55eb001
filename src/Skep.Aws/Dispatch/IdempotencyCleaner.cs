using Skep.Aws.Kinds;
using Skep.Compute.Kinds;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Aws.Dispatch;

/// <summary>Removes answers to client tokens when their time is over and their instances are gone.</summary>
internal sealed class IdempotencyCleaner(ResourceClient resources) : IReconciler
{
    private static readonly TimeSpan _recheckPeriod = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public string Name => "aws-idempotency-cleaner";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [AwsKinds.IdempotencyRecord.GroupResource];

    /// <inheritdoc/>
    public TimeSpan ResyncPeriod => _recheckPeriod;

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) => [changed.Key];

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (resources.View.Get(key)?.View(AwsKinds.IdempotencyRecord) is not { } record)
            return null;
        var left = record.Spec.Expires - resources.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return left;
        if (record.Spec.InstanceIds?.Any(id => resources.View.Get(ComputeKinds.Instance.Key(key.Namespace, id)) is not null) is true)
            return _recheckPeriod;
        await resources.DeleteAsync(key, ct);
        return null;
    }
}
