using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Scheduling;

/// <summary>
/// Capacity held for instances until they are in the resource model. Confirm it with the view of the commit that made
/// them; disposing one that was not confirmed gives the capacity back, and so does time (<see cref="Placement.HoldTime"/>).
/// </summary>
public sealed class Reservation : IDisposable
{
    private readonly Placement _placement;

    internal Reservation(Placement placement, IReadOnlyDictionary<ResourceKey, Held> held, DateTimeOffset expires)
    {
        _placement = placement;
        Expires = expires;
        Holds = held;
        NodeNames = held.ToDictionary(h => h.Key, h => h.Value.NodeName);
    }

    /// <summary>The node of each instance.</summary>
    public IReadOnlyDictionary<ResourceKey, string> NodeNames { get; }

    internal IReadOnlyDictionary<ResourceKey, Held> Holds { get; }

    internal DateTimeOffset Expires { get; }

    /// <summary>The revision from which on views contain the instances; null until confirmed.</summary>
    internal long? CommittedRevision { get; private set; }

    /// <summary>The instances are in the resource model: from this view on they count by themselves.</summary>
    public void Confirm(View committed)
    {
        CommittedRevision = committed.Revision;
        _placement.Settle(this);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (CommittedRevision is null)
            _placement.Forget(this);
    }

    /// <summary>What is held for one instance.</summary>
    internal readonly record struct Held(string NodeName, long MemoryMib, int VCpus);
}
