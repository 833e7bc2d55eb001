namespace Skep.Blocks.Stores;

/// <summary>An operation of an object store failed. The message names the store, the key and what happened.</summary>
public sealed class ObjectStoreException(ObjectStoreError error, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What a caller can do about it.</summary>
    public ObjectStoreError Error { get; } = error;
}

/// <summary>Why an operation failed.</summary>
public enum ObjectStoreError
{
    /// <summary>There is no such object.</summary>
    NotFound,

    /// <summary>The object is shorter than what was asked for, or the answer was cut.</summary>
    Short,

    /// <summary>Worth trying again later: no answer, 500, 503 (slow down).</summary>
    Unavailable,

    /// <summary>The store is full (507); tried again seldom.</summary>
    Full,

    /// <summary>Refused: credentials, a bucket that does not exist, a request that the store does not support.</summary>
    Refused,
}
