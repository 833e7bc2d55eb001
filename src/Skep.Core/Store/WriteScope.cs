namespace Skep.Core.Store;

/// <summary>Which half of a resource an update may change.</summary>
public enum WriteScope
{
    /// <summary>Everything but status: a write to the main resource.</summary>
    Main,

    /// <summary>Status alone: a write to the status subresource.</summary>
    Status,

    /// <summary>Both at once: for controllers and agents.</summary>
    All,
}
