using System.Buffers;

namespace Skep.Objects;

/// <summary>Conveniences of readers.</summary>
public static class ObjectReaderExtensions
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>Writes a range to a stream, through one pooled buffer.</summary>
    /// <exception cref="ObjectException">The object is damaged; what came before has been written.</exception>
    public static async ValueTask CopyToAsync(this IObjectReader reader, Stream destination, long offset, long length, CancellationToken ct)
    {
        var end = Math.Min(reader.Version.LengthBytes, offset + length);
        if (offset >= end)
            return;
        reader.Plan(offset, end - offset);
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(BufferBytes, end - offset));
        try
        {
            while (offset < end)
            {
                // Ends on a multiple of the buffer's size, so that blocks that are verified as a whole are read once.
                var size = (int)Math.Min(Math.Min(buffer.Length, end - offset), BufferBytes - (offset % BufferBytes));
                var count = await reader.ReadAsync(offset, buffer.AsMemory(0, size), ct);
                await destination.WriteAsync(buffer.AsMemory(0, count), ct);
                offset += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
