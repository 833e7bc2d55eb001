using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Reconcile;

/// <summary>
/// Brings one resource to where its spec wants it. Called whenever the resource, or one that concerns it, changed, and
/// from time to time anyway. Must be safe to run twice and after a crash at any point.
/// </summary>
public interface IReconciler
{
    /// <summary>Short name for logs and metrics: "instance-agent".</summary>
    string Name { get; }

    /// <summary>The kinds whose changes matter.</summary>
    IReadOnlyList<GroupResource> Watches { get; }

    /// <summary>How many resources may be worked on at the same time.</summary>
    int Concurrency => 1;

    /// <summary>Every resource is looked at again after this time even if nothing changed.</summary>
    TimeSpan ResyncPeriod => TimeSpan.FromMinutes(5);

    /// <summary>
    /// Called once before the first reconciliation, for agents that learn of changes on the host: <paramref name="enqueue"/>
    /// makes a key be reconciled soon, from any thread and at any time.
    /// </summary>
    void Start(Action<ResourceKey> enqueue)
    {
    }

    /// <summary>Which keys to reconcile because of a changed resource: itself, its owner, whoever refers to it.</summary>
    IEnumerable<ResourceKey> Concerned(Resource changed, View view);

    /// <summary>
    /// Reconciles one key; the resource may be gone. Throwing means "again, after a growing pause".
    /// </summary>
    /// <returns>When to look again although nothing changed; null for the resync period.</returns>
    Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct);
}
