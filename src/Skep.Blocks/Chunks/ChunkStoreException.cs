namespace Skep.Blocks.Chunks;

/// <summary>Something about a snapshot or chunk is not as it should be. The message names it, what was seen and what was expected.</summary>
public sealed class ChunkStoreException(ChunkStoreError error, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What a caller can do about it.</summary>
    public ChunkStoreError Error { get; } = error;
}

/// <summary>Why an operation of a chunk store failed.</summary>
public enum ChunkStoreError
{
    /// <summary>There is no such snapshot.</summary>
    NotFound,

    /// <summary>There is a snapshot, or one being made, of that id already.</summary>
    Exists,

    /// <summary>The snapshot being made was given up: nothing came for longer than it may wait, or somebody aborted it.</summary>
    Expired,

    /// <summary>Stored bytes are missing or are not what was stored.</summary>
    Damaged,

    /// <summary>A newer version of the program wrote it.</summary>
    Newer,

    /// <summary>It is encrypted and the key ring does not have the key.</summary>
    NoKey,

    /// <summary>What was asked for makes no sense: a block outside the snapshot, a parent of another kind.</summary>
    Invalid,
}
