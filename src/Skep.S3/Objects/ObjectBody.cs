using System.IO.Pipelines;
using Skep.Objects;

namespace Skep.S3.Objects;

/// <summary>
/// Sends an object's bytes: they are read, and verified, where the connection takes them from. Nothing is copied on the way
/// but by the kernel.
/// </summary>
internal static class ObjectBody
{
    /// <summary>Two of the blocks that the embedded store verifies as a whole.</summary>
    private const int ChunkBytes = 256 * 1024;

    /// <summary>Sends a range.</summary>
    /// <exception cref="ObjectException">The object is damaged; what came before has been sent.</exception>
    public static async ValueTask SendAsync(IObjectReader reader, PipeWriter writer, long offset, long length, CancellationToken ct)
    {
        var end = Math.Min(reader.Version.LengthBytes, offset + length);
        reader.Plan(offset, end - offset);
        while (offset < end)
        {
            // Ends on a multiple of the size, so that blocks that are verified as a whole are read once.
            var size = (int)Math.Min(ChunkBytes - (offset % ChunkBytes), end - offset);
            var count = await reader.ReadAsync(offset, writer.GetMemory(size)[..size], ct);
            writer.Advance(count);
            offset += count;
            // Nobody reads any more: the connection has ended, and so does this.
            if ((await writer.FlushAsync(ct)).IsCompleted)
                return;
        }
    }
}
