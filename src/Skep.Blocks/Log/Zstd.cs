using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Blocks.Log;

/// <summary>The system's zstd library (RFC 8878). One object serves one caller at a time.</summary>
internal sealed partial class Zstd : IDisposable
{
    private const string Library = "libzstd.so.1";
    private const int Level = 1;

    private Compressor? _compressor;
    private Decompressor? _decompressor;

    /// <exception cref="NotSupportedException">The library is not installed.</exception>
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

    /// <summary>Compresses if the result fits.</summary>
    /// <returns>Bytes of the result; 0 when it does not fit.</returns>
    public unsafe int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        _compressor ??= ZSTD_createCCtx();
        fixed (byte* from = source, to = destination)
        {
            nuint length = ZSTD_compressCCtx(_compressor, to, (nuint)destination.Length, from, (nuint)source.Length, Level);
            return ZSTD_isError(length) != 0 ? 0 : (int)length;
        }
    }

    /// <summary>Decompresses.</summary>
    /// <returns>Whether the content was sound and filled the destination.</returns>
    public unsafe bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        _decompressor ??= ZSTD_createDCtx();
        fixed (byte* from = source, to = destination)
        {
            nuint length = ZSTD_decompressDCtx(_decompressor, to, (nuint)destination.Length, from, (nuint)source.Length);
            return ZSTD_isError(length) == 0 && length == (nuint)destination.Length;
        }
    }

    public void Dispose()
    {
        _compressor?.Dispose();
        _decompressor?.Dispose();
        (_compressor, _decompressor) = (null, null);
    }

    private sealed class Compressor() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
    {
        protected override bool ReleaseHandle() => ZSTD_freeCCtx(handle) == 0;
    }

    private sealed class Decompressor() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
    {
        protected override bool ReleaseHandle() => ZSTD_freeDCtx(handle) == 0;
    }

    [LibraryImport(Library)]
    private static partial uint ZSTD_versionNumber();

    [LibraryImport(Library)]
    private static partial uint ZSTD_isError(nuint code);

    [LibraryImport(Library)]
    private static partial Compressor ZSTD_createCCtx();

    [LibraryImport(Library)]
    private static partial nuint ZSTD_freeCCtx(nint context);

    [LibraryImport(Library)]
    private static partial Decompressor ZSTD_createDCtx();

    [LibraryImport(Library)]
    private static partial nuint ZSTD_freeDCtx(nint context);

    [LibraryImport(Library)]
    private static unsafe partial nuint ZSTD_compressCCtx(Compressor context, byte* destination, nuint capacity, byte* source, nuint length, int level);

    [LibraryImport(Library)]
    private static unsafe partial nuint ZSTD_decompressDCtx(Decompressor context, byte* destination, nuint capacity, byte* source, nuint length);
}
