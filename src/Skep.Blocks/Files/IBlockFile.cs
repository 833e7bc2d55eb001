namespace Skep.Blocks.Files;

/// <summary>A file of an <see cref="IBlockDirectory"/>. Calls may overlap. Calls that the page cache answers complete synchronously.</summary>
public interface IBlockFile : IAsyncDisposable
{
    /// <summary>Length in bytes.</summary>
    long LengthBytes { get; }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    /// <returns>How many bytes were read.</returns>
    ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct);

    /// <summary>Writes all of it, growing the file if needed; durable after <see cref="SyncAsync"/>.</summary>
    /// <exception cref="IOException">Not all was written; how much was is not known.</exception>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, CancellationToken ct);

    /// <summary>Writes several buffers one after the other (pwritev).</summary>
    ValueTask WriteAsync(long offset, IReadOnlyList<ReadOnlyMemory<byte>> sources, CancellationToken ct);

    /// <summary>
    /// Makes all completed writes durable (fdatasync). After a failure the state of what was not synced is unknown for good:
    /// the caller must stop relying on the file.
    /// </summary>
    ValueTask SyncAsync(CancellationToken ct);

    /// <summary>Cuts or grows the file; what is new reads as zeroes.</summary>
    ValueTask SetLengthAsync(long lengthBytes, CancellationToken ct);

    /// <summary>Grows the file with its space reserved (fallocate); what is new reads as zeroes.</summary>
    /// <returns>False when the file system cannot: nothing was done.</returns>
    /// <exception cref="IOException">There is no room.</exception>
    ValueTask<bool> TryAllocateAsync(long lengthBytes, CancellationToken ct);

    /// <summary>Gives the space of a range back; it reads as zeroes. Does nothing where the file system cannot.</summary>
    ValueTask PunchAsync(long offset, long length, CancellationToken ct);
}
