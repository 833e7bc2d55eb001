using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>What happened to a resource.</summary>
public enum ResourceEventType
{
    /// <summary>It was created.</summary>
    Added,

    /// <summary>It was replaced.</summary>
    Modified,

    /// <summary>It was removed; <see cref="ResourceEvent.Resource"/> is its last document, at the revision of the removal.</summary>
    Deleted,
}

/// <summary>
/// One event of a watch. <paramref name="Previous"/> is the version before; null when the resource was created, and
/// also when the event was read back from the log, which does not keep it.
/// </summary>
public sealed record ResourceEvent(ResourceEventType Type, Resource Resource, Resource? Previous)
{
    /// <summary>The revision of the change.</summary>
    public long Revision => Resource.Revision;
}
