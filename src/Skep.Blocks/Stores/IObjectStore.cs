namespace Skep.Blocks.Stores;

/// <summary>
/// Where objects live: a directory, any S3, or a simulated store. What is relied on: an object is never seen in part;
/// a PUT that returned is durable and seen by every later GET; <see cref="PutCondition.IfAbsent"/> has exactly one winner.
/// Not relied on: that lists are up to date, or that a PUT which failed had no effect. Keys are at most 512 characters of
/// a-z A-Z 0-9 . _ - and /.
/// </summary>
public interface IObjectStore
{
    /// <summary>Names the store in messages; holds no secret.</summary>
    string Name { get; }

    /// <summary>Stores an object.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="parts">Its content, in parts that follow each other.</param>
    /// <param name="condition">Whether it may exist already.</param>
    /// <param name="ct">Cancels; the object may have been stored all the same.</param>
    /// <returns>False when it exists and <see cref="PutCondition.IfAbsent"/> was asked.</returns>
    /// <exception cref="ObjectStoreException">It is not known whether it was stored.</exception>
    ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct);

    /// <summary>Fills the buffer from an object, starting at an offset. Fewer bytes than asked for are an error, never zeroes.</summary>
    /// <exception cref="ObjectStoreException"><see cref="ObjectStoreError.NotFound"/>, <see cref="ObjectStoreError.Short"/> or another failure.</exception>
    ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct);

    /// <summary>An object's length in bytes; null when it does not exist.</summary>
    ValueTask<long?> FindAsync(string key, CancellationToken ct);

    /// <summary>Objects whose key begins with a prefix, in ordinal order of keys; may miss the newest and show deleted ones.</summary>
    IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, CancellationToken ct);

    /// <summary>Deletes an object; one that does not exist is no error.</summary>
    ValueTask DeleteAsync(string key, CancellationToken ct);
}

/// <summary>An object in a list.</summary>
/// <param name="Key">Its key.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="LastModified">When it was stored, by the store's clock.</param>
public readonly record struct StoredObject(string Key, long LengthBytes, DateTimeOffset LastModified);

/// <summary>Whether an object may exist before it is stored.</summary>
public enum PutCondition
{
    /// <summary>What is there is replaced.</summary>
    None,

    /// <summary>It must not exist (HTTP's If-None-Match: *).</summary>
    IfAbsent,
}
