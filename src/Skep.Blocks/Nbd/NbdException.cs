namespace Skep.Blocks.Nbd;

/// <summary>A connection came to its end before its time. The message says who did what.</summary>
public sealed class NbdException(NbdFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Where it broke.</summary>
    public NbdFailure Failure { get; } = failure;
}
