using Microsoft.AspNetCore.Http;
using Skep.Objects;

namespace Skep.S3.Objects;

/// <summary>
/// Sends an object's bytes: each piece is read and verified in the memory that the connection sends from. Nothing is copied
/// on the way but by the kernel, and a client that does not take its answer holds one piece and nothing more.
/// </summary>
internal static class ObjectBody
{
    /// <summary>The block that the embedded store verifies as a whole; pieces end on its multiples.</summary>
    public const int PieceBytes = 128 * 1024;

    /// <summary>Sends a range that is inside the object.</summary>
    /// <exception cref="ObjectException">The object is damaged; what came before has been sent.</exception>
    public static async Task SendAsync(HttpResponse response, IObjectReader reader, long offset, long length, LargePieces large, CancellationToken ct)
    {
        var end = offset + length;
        if (length > PieceBytes)
            await response.StartAsync(ct); // before the answer has begun, the server's memory is a copy
        reader.Plan(offset, length);
        while (offset < end)
        {
            using var turn = end - offset > PieceBytes ? large.TryTake() : default;
            var pieceBytes = turn.IsTaken ? LargePieces.PieceBytes : PieceBytes;
            var size = (int)Math.Min(end - offset, pieceBytes - (offset % pieceBytes));
            var count = await reader.ReadAsync(offset, response.BodyWriter.GetMemory(size)[..size], ct);
            response.BodyWriter.Advance(count);
            offset += count;
            if ((await response.BodyWriter.FlushAsync(ct)).IsCompleted && offset < end)
            {
                response.HttpContext.Abort(); // the client has gone
                return;
            }
        }
    }
}
