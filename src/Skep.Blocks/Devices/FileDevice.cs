using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Skep.Blocks.Devices.FileCalls;

namespace Skep.Blocks.Devices;

/// <summary>
/// A raw file or a block device. What the page cache has is read without waiting and without another thread; the rest is
/// done by <see cref="IoWorkers"/>. A failed flush is final: afterwards nobody knows what is on the disk, and every further
/// write and flush fails.
/// </summary>
public sealed partial class FileDevice : IBlockDevice
{
    /// <summary>Longer writes go to the workers, so that requests behind them need not wait.</summary>
    private const int InlineWriteMax = 256 << 10;

    private readonly SafeFileHandle _file;
    private readonly IoWorkers _workers;
    private readonly string _path;
    private readonly Lock _lock = new();
    private IoOperation? _freeOperations;
    private long _sizeBytes;
    // RWF_NOWAIT, which tmpfs does not have and does not need; -1 where only a worker can read without making others wait.
    private int _inlineReadFlags = RWF_NOWAIT;
    private volatile bool _isBroken;

    private FileDevice(SafeFileHandle file, string path, long sizeBytes, bool isReadOnly, bool isBlockDevice, IoWorkers workers)
    {
        _file = file;
        _path = path;
        _sizeBytes = sizeBytes;
        _workers = workers;
        if (IsInMemory(file))
            _inlineReadFlags = 0;
        Traits = new BlockDeviceTraits { IsReadOnly = isReadOnly, CanTrim = !isReadOnly, CanResize = !isReadOnly && !isBlockDevice };
    }

    /// <inheritdoc/>
    public long SizeBytes => Volatile.Read(ref _sizeBytes);

    /// <inheritdoc/>
    public BlockDeviceTraits Traits { get; }

    /// <summary>
    /// Opens a file or a block device. A writer locks it against every other user of this kind, a reader against writers.
    /// </summary>
    /// <param name="path">The file; it exists.</param>
    /// <param name="isReadOnly">Open it for reading alone.</param>
    /// <param name="workers">Who waits for the disk; may serve many devices, and must outlive them.</param>
    /// <exception cref="IOException">It does not exist, is in use, or is nothing of the kind.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static FileDevice Open(string path, bool isReadOnly, IoWorkers workers)
    {
        var file = isReadOnly
            ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read)
            : File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        try
        {
            var size = Seek(file, 0, SEEK_END);
            if (size < 0)
                throw new IOException($"{path}: not a file or a block device (errno {Marshal.GetLastPInvokeError()})");
            // The length in the inode of a block device is 0.
            return new FileDevice(file, path, size, isReadOnly, isBlockDevice: RandomAccess.GetLength(file) == 0 && size > 0, workers);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        if (_inlineReadFlags >= 0)
        {
            var done = ReadCached(offset, destination.Span);
            if (done == destination.Length)
                return ValueTask.CompletedTask;
            if (done > 0)
            {
                offset += done;
                destination = destination[done..];
            }
        }

        var operation = Rent(IoKind.Read, offset, destination.Length);
        operation.Destination = destination;
        return QueueAsync(operation);
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct)
    {
        Debug.Assert(!Traits.IsReadOnly, "the caller checks");
        if (!isDurable && source.Length <= InlineWriteMax)
        {
            Write(offset, source.Span, flags: 0);
            return ValueTask.CompletedTask;
        }

        var operation = Rent(IoKind.Write, offset, source.Length);
        operation.Source = source;
        operation.Options = isDurable ? ZeroOptions.Durable : ZeroOptions.None;
        return QueueAsync(operation);
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken ct) =>
        Traits.IsReadOnly ? ValueTask.CompletedTask : QueueAsync(Rent(IoKind.Flush, 0, 0));

    /// <inheritdoc/>
    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct)
    {
        var operation = Rent(IoKind.Trim, offset, length);
        operation.Options = isDurable ? ZeroOptions.Durable : ZeroOptions.None;
        return QueueAsync(operation);
    }

    /// <inheritdoc/>
    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct)
    {
        var operation = Rent(IoKind.Zero, offset, length);
        operation.Options = options;
        return QueueAsync(operation);
    }

    /// <inheritdoc/>
    public ValueTask PrefetchAsync(long offset, long length, CancellationToken ct)
    {
        // A hint: what the system makes of it is its affair.
        _ = Advise(_file, offset, length, POSIX_FADV_WILLNEED);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask ResizeAsync(long sizeBytes, CancellationToken ct)
    {
        if (!Traits.CanResize)
            throw new BlockDeviceException(BlockError.NotSupported, $"{_path}: its size cannot be changed");
        if (Truncate(_file, sizeBytes) < 0)
            throw Failure("ftruncate", Marshal.GetLastPInvokeError());
        Volatile.Write(ref _sizeBytes, sizeBytes);
        ForgetData();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A worker's part.</summary>
    internal void Perform(IoOperation operation)
    {
        var isDurable = (operation.Options & ZeroOptions.Durable) != ZeroOptions.None;
        switch (operation.Kind)
        {
            case IoKind.Read:
                Read(operation.Offset, operation.Destination.Span);
                return;
            case IoKind.Write:
                Write(operation.Offset, operation.Source.Span, isDurable ? RWF_DSYNC : 0);
                return;
            case IoKind.Flush:
                Sync();
                return;
            case IoKind.Trim:
                if (!Punch(operation.Offset, operation.Length))
                    return; // the file system cannot, which a trim allows
                break;
            case IoKind.Zero:
                Zero(operation.Offset, operation.Length, operation.Options);
                break;
            default:
                throw new UnreachableException($"{operation.Kind}");
        }

        if (isDurable)
            Sync();
    }

    internal void Return(IoOperation operation)
    {
        lock (_lock)
        {
            operation.Next = _freeOperations;
            _freeOperations = operation;
        }
    }

    private IoOperation Rent(IoKind kind, long offset, long length)
    {
        IoOperation? operation;
        lock (_lock)
        {
            operation = _freeOperations;
            if (operation is not null)
                _freeOperations = operation.Next;
        }

        operation ??= new IoOperation(this);
        operation.Kind = kind;
        operation.Offset = offset;
        operation.Length = length;
        operation.Options = ZeroOptions.None;
        return operation;
    }

    private ValueTask QueueAsync(IoOperation operation)
    {
        var task = operation.Task;
        _workers.Enqueue(operation);
        return task;
    }

    private BlockDeviceException Failure(string call, int errno) => new(
        errno is ENOSPC or EDQUOT or EFBIG ? BlockError.NoSpace : BlockError.Io, $"{_path}: {call} failed with errno {errno} ({Marshal.GetPInvokeErrorMessage(errno)})");
}
