using Skep.Blocks.Files;

namespace Skep.Blocks.Simulation;

/// <summary>An open file of a <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedFile(SimulatedDisk disk, SimulatedProcess process, SimulatedInode inode, string name) : IBlockFile
{
    private bool _isClosed;

    /// <inheritdoc/>
    public long LengthBytes => _isClosed ? throw new ObjectDisposedException(name) : inode.LengthBytes;

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        Check(ct);
        await disk.BeginIoAsync(process, "read", name, offset, destination.Length);
        if (disk.Random.Chance(disk.Faults.ReadErrorPerMille))
            throw disk.Error("read", name);
        var count = inode.Read(offset, destination.Span);
        disk.Scheduler.Trace.Mix(destination.Span[..count]);
        await disk.EndIoAsync(process);
        return count;
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, CancellationToken ct) => WriteAsync(offset, [source], ct);

    /// <inheritdoc/>
    public async ValueTask WriteAsync(long offset, IReadOnlyList<ReadOnlyMemory<byte>> sources, CancellationToken ct)
    {
        Check(ct);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var length = sources.Sum(source => source.Length);
        await disk.BeginIoAsync(process, "write", name, offset, length);
        // Copied only now: a caller that reuses its buffer before the write is done has a defect that shows.
        var data = new byte[length];
        var end = 0;
        foreach (var source in sources)
        {
            source.Span.CopyTo(data.AsSpan(end));
            end += source.Length;
        }
        disk.Scheduler.Trace.Mix(data);
        if (disk.Random.Chance(disk.Faults.WriteErrorPerMille))
        {
            inode.Write(disk, offset, data[..disk.Random.Below(length + 1)]);
            throw disk.Error("write", name);
        }
        if (disk.TakeSpace(inode.GrowthOf(offset, length)))
        {
            inode.Write(disk, offset, data);
        }
        else
        {
            // A part may fit: what is in pages that the file has already.
            var part = disk.Random.Below(length + 1);
            if (inode.GrowthOf(offset, part) <= disk.FreeBytes)
                inode.Write(disk, offset, data[..part]);
            disk.Scheduler.Trace.Say($"{process.Name}: no space for {name}");
            throw FileErrors.DiskFull($"{disk.Name}/{name}");
        }
        await disk.EndIoAsync(process);
    }

    /// <inheritdoc/>
    public async ValueTask SyncAsync(CancellationToken ct)
    {
        Check(ct);
        // What is written while the sync runs may or may not be covered: here it is not.
        var count = inode.ChangeCount;
        await disk.BeginIoAsync(process, "sync", name, 0, count);
        if (disk.Random.Chance(disk.Faults.SyncErrorPerMille))
        {
            inode.FailSync(count, disk.Random);
            throw disk.Error("fdatasync", name);
        }
        inode.Sync(count);
        await disk.EndIoAsync(process);
    }

    /// <inheritdoc/>
    public async ValueTask SetLengthAsync(long lengthBytes, CancellationToken ct)
    {
        Check(ct);
        await disk.BeginIoAsync(process, "set length", name, lengthBytes, 0);
        inode.SetLength(disk, lengthBytes);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryAllocateAsync(long lengthBytes, CancellationToken ct)
    {
        await WriteAsync(0, new byte[lengthBytes], ct);
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask PunchAsync(long offset, long length, CancellationToken ct)
    {
        Check(ct);
        await disk.BeginIoAsync(process, "punch", name, offset, length);
        inode.Punch(disk, offset, length);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _isClosed = true;
        return default;
    }

    private void Check(CancellationToken ct)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        ct.ThrowIfCancellationRequested();
    }
}
