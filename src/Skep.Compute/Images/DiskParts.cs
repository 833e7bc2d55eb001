using System.Buffers;

namespace Skep.Compute.Images;

/// <summary>Copies file systems into disks, leaving holes where there are only zeros.</summary>
internal static class DiskParts
{
    private const int BlockSize = 1 << 20;

    /// <summary>Copies a file to a place in another.</summary>
    public static async Task CopyAsync(string source, FileStream target, long offset, CancellationToken ct)
    {
        await using var file = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        var buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            int count;
            for (var position = offset; (count = await file.ReadAtLeastAsync(buffer.AsMemory(0, BlockSize), BlockSize, throwOnEndOfStream: false, ct)) > 0; position += count)
            {
                if (buffer.AsSpan(0, count).IndexOfAnyExcept((byte)0) < 0)
                    continue;
                target.Position = position;
                await target.WriteAsync(buffer.AsMemory(0, count), ct);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
