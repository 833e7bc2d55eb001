namespace Skep.Core.Store;

/// <summary>What becomes of the dependents of a deleted resource.</summary>
public enum DeletePropagation
{
    /// <summary>The resource goes at once; the garbage collector removes dependents after it.</summary>
    Background,

    /// <summary>Dependents go first.</summary>
    Foreground,

    /// <summary>Dependents stay and lose their reference.</summary>
    Orphan,
}

/// <summary>How to delete, and under which conditions.</summary>
public sealed record DeleteOptions(DeletePropagation Propagation, string? Uid, long? ResourceVersion, long? GracePeriodSeconds)
{
    /// <summary>No conditions; dependents are collected afterwards.</summary>
    public static DeleteOptions Background { get; } = new(DeletePropagation.Background, null, null, null);
}
