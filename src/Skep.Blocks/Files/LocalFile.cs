using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Skep.Blocks.Files.NativeMethods;

namespace Skep.Blocks.Files;

/// <summary>
/// A file of a <see cref="LocalDirectory"/>. Writes go to the page cache and complete on the caller's thread, as do reads
/// that the page cache answers; other reads and syncs wait for the disk on a thread of the pool (a 4 KiB write with
/// fdatasync takes 82-105 µs that way and 94-114 µs in place: the hand-over is lost in the noise, a blocked caller is not).
/// </summary>
internal sealed class LocalFile(string path, SafeFileHandle handle) : IBlockFile
{
    // Some file systems do not know RWF_NOWAIT; asked once.
    private volatile bool _canReadCacheOnly = true;

    /// <inheritdoc/>
    public long LengthBytes => RandomAccess.GetLength(handle);

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var done = 0;
        return _canReadCacheOnly && ReadCached(offset, destination.Span, ref done)
            ? new(done)
            : new(Task.Run(() => ReadToEnd(offset, destination, done), ct));
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        RandomAccess.Write(handle, source.Span, offset);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, IReadOnlyList<ReadOnlyMemory<byte>> sources, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        RandomAccess.Write(handle, sources, offset);
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask SyncAsync(CancellationToken ct)
    {
        // Not cancelled once begun: the caller could not know what is durable.
        ct.ThrowIfCancellationRequested();
        await Task.Run(Sync, CancellationToken.None);
    }

    /// <inheritdoc/>
    public ValueTask SetLengthAsync(long lengthBytes, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        RandomAccess.SetLength(handle, lengthBytes);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<bool> TryAllocateAsync(long lengthBytes, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (fallocate(handle, 0, 0, lengthBytes) == 0)
            return new(true);
        return Marshal.GetLastPInvokeError() is EOPNOTSUPP or ENOSYS ? new(false) : throw LastError($"fallocate {path}");
    }

    /// <inheritdoc/>
    public ValueTask PunchAsync(long offset, long length, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (length != 0 && fallocate(handle, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length) != 0
            && Marshal.GetLastPInvokeError() is not (EOPNOTSUPP or ENOSYS))
        {
            throw LastError($"fallocate {path}");
        }
        return default;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        handle.Dispose();
        return default;
    }

    // False when the rest has to be read in the ordinary way, which waits for the disk and reports errors.
    private unsafe bool ReadCached(long offset, Span<byte> destination, ref int done)
    {
        fixed (byte* start = destination)
        {
            while (done < destination.Length)
            {
                var vector = new IoVector { Base = start + done, Length = (nuint)(destination.Length - done) };
                // On 64 bits the low half of the offset is all of it.
                var count = preadv2(handle, &vector, 1, offset + done, 0, RWF_NOWAIT);
                if (count == 0)
                    return true;
                if (count < 0)
                {
                    if (Marshal.GetLastPInvokeError() is EOPNOTSUPP or ENOSYS)
                        _canReadCacheOnly = false;
                    return false;
                }
                done += (int)count;
            }
        }
        return true;
    }

    private int ReadToEnd(long offset, Memory<byte> destination, int done)
    {
        while (done < destination.Length)
        {
            var count = RandomAccess.Read(handle, destination.Span[done..], offset + done);
            if (count == 0)
                break;
            done += count;
        }
        return done;
    }

    private void Sync()
    {
        // EINTR says nothing about the data, and the kernel reports a lost page only once: any other error is final.
        const int AttemptsMax = 100;
        for (var attempt = 0; fdatasync(handle) != 0; attempt++)
        {
            if (Marshal.GetLastPInvokeError() != EINTR || attempt == AttemptsMax)
                throw LastError($"fdatasync {path}");
        }
    }
}
