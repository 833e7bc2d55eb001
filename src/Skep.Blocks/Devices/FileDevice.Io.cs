using System.Runtime.InteropServices;
using static Skep.Blocks.Devices.FileCalls;

namespace Skep.Blocks.Devices;

/// <summary>The calls themselves.</summary>
public sealed unsafe partial class FileDevice
{
    private const int ZeroesSize = 1 << 20;

    /// <summary>Reads what needs no waiting.</summary>
    /// <returns>How many bytes that was, from the beginning.</returns>
    private int ReadCached(long offset, Span<byte> destination)
    {
        fixed (byte* start = destination)
        {
            var vector = new IoVector { Base = start, Length = (nuint)destination.Length };
            var count = ReadVector(_file, &vector, 1, offset, _inlineReadFlags);
            if (count >= 0)
                return (int)count;
        }

        if (Marshal.GetLastPInvokeError() is EOPNOTSUPP or ENOSYS or EINVAL)
            _inlineReadFlags = -1;
        return 0;
    }

    private void Read(long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            nint count;
            fixed (byte* start = destination)
            {
                var vector = new IoVector { Base = start, Length = (nuint)destination.Length };
                count = ReadVector(_file, &vector, 1, offset, 0);
            }

            if (count > 0)
            {
                offset += count;
                destination = destination[(int)count..];
            }
            else if (count == 0)
            {
                throw new BlockDeviceException(BlockError.Io, $"{_path}: ends at {offset}, before its size of {SizeBytes}: somebody cut it");
            }
            else if (Marshal.GetLastPInvokeError() is not EINTR and var errno)
            {
                throw Failure("pread", errno);
            }
        }
    }

    private void Write(long offset, ReadOnlySpan<byte> source, int flags)
    {
        ThrowIfBroken();
        while (source.Length > 0)
        {
            nint count;
            fixed (byte* start = source)
            {
                var vector = new IoVector { Base = start, Length = (nuint)source.Length };
                count = WriteVector(_file, &vector, 1, offset, flags);
            }

            if (count >= 0)
            {
                offset += count;
                source = source[(int)count..];
            }
            else if (Marshal.GetLastPInvokeError() is not EINTR and var errno)
            {
                // A durable write that failed may have lost what it wrote from the cache, as a flush does.
                _isBroken |= flags != 0 && errno == EIO;
                throw Failure("pwrite", errno);
            }
        }
    }

    private void Sync()
    {
        ThrowIfBroken();
        while (SyncData(_file) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno == EINTR)
                continue;
            _isBroken = true;
            throw Failure("fdatasync", errno);
        }
    }

    /// <summary>Gives space back.</summary>
    /// <returns>False where the file system cannot.</returns>
    private bool Punch(long offset, long length)
    {
        ThrowIfBroken();
        ForgetData();
        return TryAllocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
    }

    private void Zero(long offset, long length, ZeroOptions options)
    {
        ThrowIfBroken();
        if ((options & ZeroOptions.KeepAllocated) == ZeroOptions.None && Punch(offset, length))
            return;
        if (TryAllocate(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length))
            return;
        if ((options & ZeroOptions.Fast) != ZeroOptions.None)
            throw new BlockDeviceException(BlockError.NotSupported, $"{_path}: its file system has no quick zeroes");
        var zeroes = new byte[Math.Min(ZeroesSize, length)];
        for (var done = 0L; done < length;)
        {
            var part = (int)Math.Min(zeroes.Length, length - done);
            Write(offset + done, zeroes.AsSpan(0, part), flags: 0);
            done += part;
        }
    }

    private bool TryAllocate(int mode, long offset, long length)
    {
        while (Allocate(_file, mode, offset, length) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno is EOPNOTSUPP or ENOSYS or EINVAL)
                return false;
            if (errno != EINTR)
                throw Failure("fallocate", errno);
        }

        return true;
    }

    private void ThrowIfBroken()
    {
        if (_isBroken)
            throw new BlockDeviceException(BlockError.Io, $"{_path}: a flush failed before, so that what is on the disk is not known");
    }
}
