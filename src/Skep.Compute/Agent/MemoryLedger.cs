using Skep.Core.Resources;

namespace Skep.Compute.Agent;

/// <summary>
/// The last guard against overcommitting memory: whoever placed an instance here, its machine starts only when what is
/// allocatable suffices for it beside those that run. Thread-safe.
/// </summary>
internal sealed class MemoryLedger(long allocatableMib)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ResourceKey, long> _taken = [];

    /// <summary>Takes memory for a machine about to start; false with what is free when it does not suffice.</summary>
    public bool TryTake(ResourceKey instance, long mib, out long freeMib)
    {
        lock (_lock)
        {
            freeMib = allocatableMib - _taken.Where(t => t.Key != instance).Sum(t => t.Value);
            if (mib > freeMib)
                return false;
            _taken[instance] = mib;
            return true;
        }
    }

    /// <summary>Notes the memory of a machine that runs already.</summary>
    public void Note(ResourceKey instance, long mib)
    {
        lock (_lock)
            _taken[instance] = mib;
    }

    /// <summary>Gives a machine's memory back.</summary>
    public void Release(ResourceKey instance)
    {
        lock (_lock)
            _taken.Remove(instance);
    }
}
