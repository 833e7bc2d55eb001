namespace Skep.Blocks.Log.Replication;

/// <summary>The keeper of a log's copy refused something, or what came from the other end is not what the protocol has.</summary>
public sealed class ReplicaException(ReplicaRefusal refusal, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public ReplicaRefusal Refusal { get; } = refusal;
}

/// <summary>Why a keeper refuses; the numbers are part of the protocol.</summary>
public enum ReplicaRefusal
{
    /// <summary>What came is not what the protocol has.</summary>
    Protocol = 1,

    /// <summary>A later opener has the volume.</summary>
    Fenced = 2,

    /// <summary>The keeper has not what the records continue.</summary>
    Gap = 3,

    /// <summary>The keeper has no room.</summary>
    Full = 4,

    /// <summary>The keeper's disk failed.</summary>
    Disk = 5,
}
