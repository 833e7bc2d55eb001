using System.Buffers;

namespace Skep.Blocks.Stores;

/// <summary>What a key of an <see cref="IObjectStore"/> may be.</summary>
public static class ObjectKeys
{
    /// <summary>Characters of the longest key.</summary>
    public const int LengthMax = 512;

    private static readonly SearchValues<char> _allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/");

    /// <summary>Whether a text can be a key, or the beginning of one.</summary>
    public static bool IsKey(string text) => text.Length is > 0 and <= LengthMax && !text.AsSpan().ContainsAnyExcept(_allowed);

    /// <summary>Refuses a key that not every store could hold.</summary>
    /// <exception cref="ObjectStoreException"><see cref="ObjectStoreError.Refused"/>.</exception>
    public static void Check(string storeName, string key)
    {
        if (!IsKey(key))
            throw new ObjectStoreException(ObjectStoreError.Refused, $"{storeName}: \"{key}\" is no key: expected 1 to {LengthMax} of a-z A-Z 0-9 . _ - /");
    }

    /// <summary>The length of all parts together, in bytes.</summary>
    public static long LengthOf(IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        long length = 0;
        foreach (var part in parts)
            length += part.Length;
        return length;
    }

    /// <summary>The failure of an object that is not there.</summary>
    public static ObjectStoreException NotFound(string storeName, string key) =>
        new(ObjectStoreError.NotFound, $"{storeName}: {key} does not exist");

    /// <summary>The failure of a read beyond an object's end.</summary>
    public static ObjectStoreException Short(string storeName, string key, long lengthBytes, long offset, int wanted) =>
        new(ObjectStoreError.Short, $"{storeName}: {key} has {lengthBytes} bytes; bytes {offset} to {offset + wanted} were expected");
}
