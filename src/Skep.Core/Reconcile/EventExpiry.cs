using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Reconcile;

/// <summary>Removes events an hour after they were last seen.</summary>
public sealed class EventExpiry(ResourceClient client) : IReconciler
{
    private static readonly TimeSpan _kept = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public string Name => "event-expiry";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches => [CoreKinds.Event.GroupResource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) => [changed.Key];

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (client.View.Get(key)?.View(CoreKinds.Event) is not { } seen || (seen.LastTimestamp ?? seen.Metadata.CreationTimestamp) is not { } last)
            return null;
        var left = last + _kept - client.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return left;
        await client.DeleteAsync(key, ct);
        return null;
    }
}
