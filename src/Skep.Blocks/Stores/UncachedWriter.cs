using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Skep.Blocks.Files.NativeMethods;

namespace Skep.Blocks.Stores;

/// <summary>
/// Writes large new files past the page cache (O_DIRECT): what is stored is not what is read next, and giving it fresh pages
/// costs more than all else of a PUT. Thread-safe.
/// </summary>
internal sealed class UncachedWriter
{
    /// <summary>Smaller files are written in the ordinary way.</summary>
    public const int FileBytesMin = 256 << 10;

    private const int BufferBytes = 1 << 20;

    /// <summary>No file system asks for more.</summary>
    private const int Alignment = 4096;

    /// <summary>As many as files are usually written at a time.</summary>
    private const int IdleBuffersMax = 4;

    private readonly Lock _gate = new();
    private readonly Stack<byte[]> _idle = new();

    /// <summary>Writes a whole file, not yet durable.</summary>
    /// <param name="handle">A new, empty file.</param>
    /// <param name="path">Its name, for messages.</param>
    /// <param name="parts">Its content.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Write(SafeFileHandle handle, string path, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        if (ObjectKeys.LengthOf(parts) < FileBytesMin || fcntl(handle, F_SETFL, O_DIRECT) != 0)
        {
            RandomAccess.Write(handle, parts, 0);
            return;
        }
        long offset = 0;
        if (parts is [var whole])
            offset = WriteInPlace(handle, whole);
        if (offset < ObjectKeys.LengthOf(parts))
            WriteCopied(handle, path, parts, offset);
    }

    /// <summary>Writes the whole pages of memory that begins at a page and does not move.</summary>
    /// <returns>How many bytes.</returns>
    private static unsafe int WriteInPlace(SafeFileHandle handle, ReadOnlyMemory<byte> memory)
    {
        using var pin = memory.Pin();
        int bytes = ((nint)pin.Pointer & (Alignment - 1)) == 0 ? memory.Length & -Alignment : 0;
        WritePages(handle, memory.Span[..bytes], 0);
        return bytes;
    }

    private void WriteCopied(SafeFileHandle handle, string path, IReadOnlyList<ReadOnlyMemory<byte>> parts, long from)
    {
        byte[] array = Rent();
        try
        {
            WriteCopied(Aligned(array), handle, path, parts, from);
        }
        finally
        {
            lock (_gate)
                if (_idle.Count < IdleBuffersMax)
                    _idle.Push(array);
        }
    }

    private static void WriteCopied(Span<byte> buffer, SafeFileHandle handle, string path, IReadOnlyList<ReadOnlyMemory<byte>> parts, long from)
    {
        long offset = from;
        int filled = 0;
        foreach (var part in parts)
        {
            int skip = (int)Math.Min(from, part.Length);
            from -= skip;
            for (var rest = part.Span[skip..]; rest.Length > 0;)
            {
                int count = Math.Min(rest.Length, buffer.Length - filled);
                rest[..count].CopyTo(buffer[filled..]);
                rest = rest[count..];
                filled += count;
                if (filled < buffer.Length)
                    continue;
                WritePages(handle, buffer, offset);
                offset += filled;
                filled = 0;
            }
        }
        int whole = filled & -Alignment;
        if (whole > 0)
            WritePages(handle, buffer[..whole], offset);
        // The rest of a page can only be written in the ordinary way.
        if (fcntl(handle, F_SETFL, 0) != 0)
            throw LastError($"fcntl {path}");
        if (filled > whole)
            RandomAccess.Write(handle, buffer[whole..filled], offset + whole);
    }

    private static void WritePages(SafeFileHandle handle, ReadOnlySpan<byte> pages, long offset)
    {
        try
        {
            RandomAccess.Write(handle, pages, offset);
        }
        catch (IOException ex) when (ex.HResult == EINVAL)
        {
            // The file system knows the flag and does not do it, or not for such pages.
            _ = fcntl(handle, F_SETFL, 0);
            RandomAccess.Write(handle, pages, offset);
        }
    }

    private byte[] Rent()
    {
        lock (_gate)
            if (_idle.TryPop(out var idle))
                return idle;
        return GC.AllocateUninitializedArray<byte>(BufferBytes + Alignment, pinned: true);
    }

    private static Span<byte> Aligned(byte[] pinned)
    {
        int skip = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0) & (Alignment - 1));
        return pinned.AsSpan(skip, BufferBytes);
    }
}
