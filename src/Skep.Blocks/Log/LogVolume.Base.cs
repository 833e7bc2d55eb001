namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    private readonly SemaphoreSlim _hydrating = new(1);

    /// <summary>
    /// Copies what still reads from the base, never over anything that was written, and lets go of the base. One that was
    /// interrupted goes on with what is missing. Does nothing on a volume without a base.
    /// </summary>
    public async Task HydrateAsync(CancellationToken ct)
    {
        await _hydrating.EnterAsync(ct);
        try
        {
            lock (_gate)
            {
                ThrowIfStopped();
                if (!_state.HasBase)
                    return;
            }
            // What is vacant now can only be filled, never become vacant again: one pass reaches all of it.
            await CopyVacantAsync(ct);
            await Enqueue([new BaseDropped()]).Done.Task.WaitHereAsync(ct);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            // Not the caller's wish: the volume stopped, and says why.
            lock (_gate)
                ThrowIfStopped();
            throw;
        }
        finally
        {
            _hydrating.Release();
        }
    }

    private async Task CopyVacantAsync(CancellationToken ct)
    {
        byte[] content = new byte[DataObjectHeader.BlockBytes];
        ulong end = Sector(Math.Min(SizeBytes, _settings.Base!.SizeBytes + Extent.SectorBytes - 1));
        var builder = RentBuilder();
        try
        {
            BeginObject(builder, headerBytes: 0);
            for (ulong at = 0; at < end;)
            {
                var (start, length) = FindVacant(at, end);
                at = start + length;
                if (length == 0)
                    break;
                var piece = content.AsMemory(0, (int)length * Extent.SectorBytes);
                await ReadBaseAsync((long)start * Extent.SectorBytes, piece, ct);
                // Zeroes need no copy: without a base, what was never written reads as zeroes.
                if (piece.Span.ContainsAnyExcept((byte)0))
                    builder.AddContent(new PlacedExtent(start, (uint)length, PlacedExtent.Vacant, 0), piece.Span);
                if (builder.ContentBytes >= _state.ObjectBytes)
                    await AddObjectAsync(builder, birth: 0, ct);
            }
            if (builder.ContentBytes > 0)
                await AddObjectAsync(builder, birth: 0, ct);
        }
        finally
        {
            ReturnBuilder(builder);
        }
    }

    /// <summary>The next range that nothing was written to, of at most a block; empty when there is none.</summary>
    private (ulong Start, ulong Length) FindVacant(ulong at, ulong end)
    {
        lock (_gate)
        {
            while (at < end)
            {
                if (!_state.Map.TryFind(at, out var extent) || extent.Start > at)
                {
                    ulong stop = extent.Length > 0 ? Math.Min(end, extent.Start) : end;
                    return (at, Math.Min(stop - at, DataObjectHeader.BlockSectors));
                }
                at = extent.End;
            }
            return (end, 0);
        }
    }

    /// <summary>Reads what was never written; behind the base's end are zeroes.</summary>
    private async ValueTask ReadBaseAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        var source = _settings.Base!;
        int count = (int)Math.Clamp(source.SizeBytes - offset, 0, destination.Length);
        if (count > 0)
            await source.ReadAsync(offset, destination[..count], ct);
        destination.Span[count..].Clear();
    }

    private void BeginObject(DataObjectBuilder builder, int headerBytes) =>
        builder.Begin(_state.Compression, _key, _identity.VolumeId, _settings.Services.Random, headerBytes);

    /// <summary>Stores a built object, enters it in the manifest log, and begins the next.</summary>
    private async Task AddObjectAsync(DataObjectBuilder builder, ulong birth, CancellationToken ct)
    {
        var built = builder.Finish(_identity.VolumeId, _state.Epoch, TakeObjectNumber());
        await PutObjectAsync(built);
        await Enqueue([built.ToChange(birth)]).Done.Task.WaitHereAsync(ct);
        BeginObject(builder, headerBytes: 0);
    }
}
