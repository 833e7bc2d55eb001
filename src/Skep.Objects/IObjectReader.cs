namespace Skep.Objects;

/// <summary>
/// A version that is open for reading. In Skep's own stores it stays readable, unchanged, until it is disposed, even if it is
/// deleted or replaced meanwhile; in a store of another server reading fails then. Calls do not overlap.
/// </summary>
public interface IObjectReader : IAsyncDisposable
{
    /// <summary>The version.</summary>
    ObjectVersion Version { get; }

    /// <summary>The parts that it was uploaded in, in order; empty when not in parts.</summary>
    ValueTask<IReadOnlyList<ObjectPart>> ListPartsAsync(CancellationToken ct);

    /// <summary>The part at a place in the object, counted from 1, whatever number it was uploaded under; null where there is none.</summary>
    async ValueTask<ObjectPart?> FindPartAsync(int place, CancellationToken ct) =>
        await ListPartsAsync(ct) is var parts && place >= 1 && place <= parts.Count ? parts[place - 1] : null;

    /// <summary>Says what will be read next, from its beginning to its end: a store far away is asked for just that, at once.</summary>
    void Plan(long offset, long length)
    {
    }

    /// <summary>Whether <see cref="UseKey"/> has to be called before reading.</summary>
    bool NeedsKey { get; }

    /// <summary>Gives the key that the version was encrypted with; how to get it is in <see cref="ObjectMetadata.Encryption"/>.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.WrongKey"/>: it is another one.</exception>
    void UseKey(ReadOnlyMemory<byte> key);

    /// <summary>Reads until the buffer is full or the object ends. What is returned was verified.</summary>
    /// <returns>How many bytes were read.</returns>
    /// <exception cref="ObjectException"><see cref="ObjectError.Damaged"/>, <see cref="ObjectError.WrongKey"/> or <see cref="ObjectError.Io"/>.</exception>
    ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct);
}

/// <summary>A part of an object.</summary>
/// <param name="Number">Its number, 1 to 10,000.</param>
/// <param name="Offset">Where it begins in the object, in bytes.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="Checksum">Its checksum, where one was asked for.</param>
public sealed record ObjectPart(int Number, long Offset, long LengthBytes, ObjectChecksum? Checksum);
