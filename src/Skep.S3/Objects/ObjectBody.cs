using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Skep.Objects;

namespace Skep.S3.Objects;

/// <summary>
/// Sends an object's bytes: each piece is read and verified while the one before is on its way, or, where there is nothing
/// to wait for or no buffer for that, in the memory that the connection sends from.
/// </summary>
internal static class ObjectBody
{
    /// <summary>The block that the embedded store verifies as a whole; pieces end on its multiples.</summary>
    public const int PieceBytes = 128 * 1024;

    /// <summary>Sends a range that is inside the object.</summary>
    /// <exception cref="ObjectException">The object is damaged; what came before has been sent.</exception>
    public static async Task SendAsync(HttpResponse response, IObjectReader reader, long offset, long length, AheadBuffers buffers, CancellationToken ct)
    {
        var end = offset + length;
        if (length > PieceBytes)
            await response.StartAsync(ct); // before the answer has begun, the server's memory is a copy
        reader.Plan(offset, length);
        var writer = response.BodyWriter;
        ValueTask<FlushResult> sending = default;
        while (offset < end)
        {
            var size = (int)Math.Min(end - offset, PieceBytes - (offset % PieceBytes));
            using var ahead = sending.IsCompleted ? null : buffers.TryRent();
            if (ahead is null)
            {
                if (await HasLeftAsync(response, sending))
                    return;
                size = await reader.ReadAsync(offset, writer.GetMemory(size)[..size], ct);
            }
            else
            {
                var hasLeft = false;
                try
                {
                    size = await reader.ReadAsync(offset, ahead.Memory[..size], ct);
                }
                finally
                {
                    hasLeft = await HasLeftAsync(response, sending);
                }

                if (hasLeft)
                    return;
                ahead.Memory[..size].CopyTo(writer.GetMemory(size)); // a writer that sends gives no memory
            }

            writer.Advance(size);
            offset += size;
            sending = writer.FlushAsync(ct);
        }

        await sending;
    }

    private static async ValueTask<bool> HasLeftAsync(HttpResponse response, ValueTask<FlushResult> sending)
    {
        if (!(await sending).IsCompleted)
            return false;
        response.HttpContext.Abort();
        return true;
    }
}
