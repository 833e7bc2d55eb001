using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Skep.Blocks.Compression;

/// <summary>
/// Zstandard frames (RFC 8878) by the system's libzstd. Thread-safe: contexts are pooled, since making one costs more
/// than compressing a block.
/// </summary>
public static unsafe partial class Zstd
{
    private const string Library = "libzstd.so.1";
    private const int PoolMax = 16;

    private static readonly ConcurrentBag<nint> _compressors = [];
    private static readonly ConcurrentBag<nint> _decompressors = [];

    /// <summary>Makes sure that the library is there.</summary>
    /// <exception cref="NotSupportedException">It is not installed.</exception>
    public static void Require()
    {
        try
        {
            _ = ZSTD_versionNumber();
        }
        catch (DllNotFoundException ex)
        {
            throw new NotSupportedException($"the compression library {Library} is not installed: install the package libzstd1 (Debian, Ubuntu) or libzstd (Fedora)", ex);
        }
    }

    /// <summary>Bytes that compressed data can have at most (ZSTD_compressBound).</summary>
    public static int CompressedLengthMax(int length) => checked((int)ZSTD_compressBound((nuint)length));

    /// <summary>Compresses into one frame.</summary>
    /// <param name="source">The data.</param>
    /// <param name="destination">Room for the frame; <see cref="CompressedLengthMax"/> is always enough.</param>
    /// <param name="level">1 (fast) to 19.</param>
    /// <returns>The frame's length in bytes; 0 when it does not fit into <paramref name="destination"/>.</returns>
    public static int Compress(ReadOnlySpan<byte> source, Span<byte> destination, int level)
    {
        if (!_compressors.TryTake(out var context))
            context = RequireContext(ZSTD_createCCtx());
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            var length = ZSTD_compressCCtx(context, to, (nuint)destination.Length, from, (nuint)source.Length, level);
            if (_compressors.Count < PoolMax)
                _compressors.Add(context);
            else
                _ = ZSTD_freeCCtx(context);
            // The only failure of a one-shot compression is a destination that is too small.
            return ZSTD_isError(length) != 0 ? 0 : (int)length;
        }
    }

    /// <summary>Decompresses one frame that holds exactly as many bytes as <paramref name="destination"/>, and never writes more.</summary>
    /// <returns>False when the frame is damaged or holds another number of bytes.</returns>
    public static bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (!_decompressors.TryTake(out var context))
            context = RequireContext(ZSTD_createDCtx());
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            var length = ZSTD_decompressDCtx(context, to, (nuint)destination.Length, from, (nuint)source.Length);
            if (_decompressors.Count < PoolMax)
                _decompressors.Add(context);
            else
                _ = ZSTD_freeDCtx(context);
            return ZSTD_isError(length) == 0 && length == (nuint)destination.Length;
        }
    }

    private static nint RequireContext(nint context) => context != 0 ? context : throw new IOException("libzstd has no memory for a context");

    [LibraryImport(Library)]
    private static partial uint ZSTD_versionNumber();

    [LibraryImport(Library)]
    private static partial nuint ZSTD_compressBound(nuint srcSize);

    [LibraryImport(Library)]
    private static partial nint ZSTD_createCCtx();

    [LibraryImport(Library)]
    private static partial nuint ZSTD_freeCCtx(nint cctx);

    [LibraryImport(Library)]
    private static partial nuint ZSTD_compressCCtx(nint cctx, byte* dst, nuint dstCapacity, byte* src, nuint srcSize, int compressionLevel);

    [LibraryImport(Library)]
    private static partial nint ZSTD_createDCtx();

    [LibraryImport(Library)]
    private static partial nuint ZSTD_freeDCtx(nint dctx);

    [LibraryImport(Library)]
    private static partial nuint ZSTD_decompressDCtx(nint dctx, byte* dst, nuint dstCapacity, byte* src, nuint srcSize);

    [LibraryImport(Library)]
    private static partial uint ZSTD_isError(nuint code);
}
