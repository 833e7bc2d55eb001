using System.Buffers;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>What a request does with the device.</summary>
internal sealed partial class NbdSession
{
    /// <summary>Shorter reads are not looked at for holes.</summary>
    private const int SparseReadMin = 64 << 10;

    /// <summary>Shorter holes are sent as data.</summary>
    private const int HoleSizeMin = 16 << 10;

    /// <summary>A sparse read looks at so many extents, and takes the rest for data.</summary>
    private const int ReadExtentsMax = 16;

    private void Begin(NbdRequest request)
    {
        // The awaiter is kept instead of an await: an asynchronous method would allocate for every request.
#pragma warning disable CA2012
        ValueTask work;
        try
        {
            work = StartAsync(request);
        }
#pragma warning restore CA2012
        catch (Exception ex)
        {
            FailWith(request, ex);
            Answer(request);
            return;
        }

        request.Awaiter = work.GetAwaiter();
        if (request.Awaiter.IsCompleted)
            Finish(request);
        else
            request.Awaiter.UnsafeOnCompleted(request.Completed);
    }

    private ValueTask StartAsync(NbdRequest request)
    {
        var (offset, length) = (request.Offset, request.Length);
        var isDurable = (request.Flags & NBD_CMD_FLAG_FUA) != 0;
        var ct = CancellationToken.None;
        switch (request.Command)
        {
            case NBD_CMD_READ when length > 0:
                return _isStructured && length >= SparseReadMin && (request.Flags & NBD_CMD_FLAG_DF) == 0
                    ? ReadSparseAsync(request, ct)
                    : ReadWholeAsync(request, ct);
            case NBD_CMD_WRITE when length > 0:
                return _device.WriteAsync(offset, request.Buffer!.DataMemory((int)length), isDurable, ct);
            case NBD_CMD_FLUSH:
                return _device.FlushAsync(ct);
            case NBD_CMD_TRIM when length > 0:
                return _device.TrimAsync(offset, length, isDurable, ct);
            case NBD_CMD_WRITE_ZEROES when length > 0:
                var options = ((request.Flags & NBD_CMD_FLAG_NO_HOLE) != 0 ? ZeroOptions.KeepAllocated : ZeroOptions.None)
                    | ((request.Flags & NBD_CMD_FLAG_FAST_ZERO) != 0 ? ZeroOptions.Fast : ZeroOptions.None)
                    | (isDurable ? ZeroOptions.Durable : ZeroOptions.None);
                return _device.WriteZeroesAsync(offset, length, options, ct);
            case NBD_CMD_CACHE when length > 0:
                return _device.PrefetchAsync(offset, length, ct);
            case NBD_CMD_BLOCK_STATUS:
                return DescribeAsync(request, ct);
            case NBD_CMD_RESIZE:
                return _device.ResizeAsync(offset, ct);
            default:
                // A range of nothing.
                return ValueTask.CompletedTask;
        }
    }

    private ValueTask ReadWholeAsync(NbdRequest request, CancellationToken ct) =>
        _device.ReadAsync(request.Offset, request.Buffer!.DataMemory((int)request.Length), ct);

    /// <summary>Reads what is data, and leaves out the holes, which the reply names.</summary>
    private async ValueTask ReadSparseAsync(NbdRequest request, CancellationToken ct)
    {
        var extents = ArrayPool<BlockExtent>.Shared.Rent(ReadExtentsMax);
        try
        {
            var count = await _device.DescribeAsync(request.Offset, request.Length, extents.AsMemory(0, ReadExtentsMax), ct);
            PlanChunks(request, extents.AsSpan(0, count));
        }
        finally
        {
            ArrayPool<BlockExtent>.Shared.Return(extents);
        }

        for (var i = 0; i < request.ChunkCount; i++)
        {
            var chunk = request.Chunks[i];
            if (chunk.IsHole)
                continue;
            try
            {
                await _device.ReadAsync(request.Offset + chunk.Start, request.Buffer!.DataMemory((int)request.Length).Slice(chunk.Start, chunk.Length), ct);
            }
            catch (BlockDeviceException)
            {
                request.ErrorOffset = request.Offset + chunk.Start;
                throw;
            }
        }
    }

    /// <summary>Cuts a read into data and holes; short holes count as data, and so does what was not described.</summary>
    private static void PlanChunks(NbdRequest request, ReadOnlySpan<BlockExtent> extents)
    {
        request.ChunkCount = 0;
        var length = (int)request.Length;
        var position = 0;
        foreach (var extent in extents)
        {
            var size = (int)Math.Min(extent.LengthBytes, length - position);
            if (size <= 0)
                break;
            request.AddChunk(position, size, isHole: extent.IsZero && size >= HoleSizeMin);
            position += size;
        }

        if (position < length)
            request.AddChunk(position, length - position, isHole: false);
    }

    private void OnCompleted(NbdRequest request)
    {
        Finish(request);
        _link.Flush();
    }

    private void Finish(NbdRequest request)
    {
        try
        {
            // It has completed.
#pragma warning disable VSTHRD002
            request.Awaiter.GetResult();
#pragma warning restore VSTHRD002
        }
        catch (Exception ex)
        {
            FailWith(request, ex);
        }

        Answer(request);
    }

    private static void FailWith(NbdRequest request, Exception exception) => (request.Error, request.ErrorMessage) = exception switch
    {
        BlockDeviceException { Error: BlockError.ReadOnly } => (NBD_EPERM, "the device is read-only"),
        BlockDeviceException { Error: BlockError.OutOfRange } => (request.Command is NBD_CMD_WRITE or NBD_CMD_WRITE_ZEROES ? NBD_ENOSPC : NBD_EINVAL, "the device refused the range"),
        BlockDeviceException { Error: BlockError.NoSpace } => (NBD_ENOSPC, "there is no space left"),
        // The specification allows this value for one thing alone.
        BlockDeviceException { Error: BlockError.NotSupported } => (
            request.Command == NBD_CMD_WRITE_ZEROES && (request.Flags & NBD_CMD_FLAG_FAST_ZERO) != 0 ? NBD_ENOTSUP : NBD_EINVAL, "the device cannot do this"),
        BlockDeviceException { Error: BlockError.Shutdown } => (NBD_ESHUTDOWN, "the device is closed"),
        // What went wrong inside is for the log of the machine, not for clients.
        _ => (NBD_EIO, "the device failed"),
    };
}
