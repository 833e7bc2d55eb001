namespace Skep.Blocks.Simulation;

/// <summary>A client of an open volume: one request after the other, each checked. Several run at a time.</summary>
internal sealed class VolumeClient(VolumeSession session, SimulationRandom random)
{
    private const int Sector = SectorStamp.SectorSize;

    // Where most of the load goes, so that requests overlap.
    private const int HotSectors = 16;
    private static readonly int[] _lengths = [1, 1, 2, 3, 6, 6, 8, 8, 8, 9, 16, 17, 24, 63, 128];

    private bool _isReading;

    public async Task RunAsync(Func<bool> takeOperation)
    {
        while (!session.IsBroken && takeOperation())
        {
            try
            {
                await RunOneAsync();
            }
            catch (Exception ex)
            {
                session.Explain(ex, isStoreNeeded: _isReading && session.MayReadFail);
            }
            if (random.Chance(150))
                await Task.Delay(random.Time(session.PauseMax), session.Process.Time);
        }
    }

    private async Task RunOneAsync()
    {
        var kind = random.Below(100);
        _isReading = kind is (>= 48 and < 68) or >= 95;
        var (offset, length) = Range();
        switch (kind)
        {
            case < 48:
                await WriteAsync(offset, length, isDurable: random.Chance(120));
                break;
            case < 68:
                await ReadAsync(offset, length);
                break;
            case < 78:
                await FlushAsync();
                break;
            case < 87:
                await TrimAsync(offset, length);
                break;
            case < 95:
                await ZeroAsync(offset, length);
                break;
            case < 97:
                await session.Device.PrefetchAsync(offset, length, default);
                break;
            default:
                await DescribeAsync(offset, length);
                break;
        }
    }

    private (long Offset, int Length) Range()
    {
        var sectors = (int)(session.Device.SizeBytes / Sector);
        var end = random.Chance(450) ? Math.Min(HotSectors, sectors) : sectors;
        var start = random.Below(end);
        if (random.Chance(500))
            start &= ~7;
        var count = Math.Min(random.Pick<int>(_lengths), sectors - start);
        return (start * (long)Sector, count * Sector);
    }

    private async Task WriteAsync(long offset, int length, bool isDurable)
    {
        var buffer = new byte[length];
        // Zeroes written as data are a case of their own.
        var write = session.BeginWrite(offset, length, isZero: random.Chance(40));
        SectorStamp.Fill(buffer, write.Value, offset / Sector);
        session.Say($"write {write.Number} {offset / Sector}+{length / Sector}{(isDurable ? " durable" : "")}{(write.Value == 0 ? " zeroes" : "")}");
        await ChangeAsync(write, isDurable, async () =>
        {
            await session.Device.WriteAsync(offset, buffer, isDurable, default);
            // The buffer is the caller's again.
            buffer.AsSpan().Fill(0xEE);
        });
    }

    private async Task TrimAsync(long offset, int length)
    {
        var isDurable = random.Chance(150);
        var write = session.BeginWrite(offset, length, isZero: true);
        session.Say($"trim {write.Number} {offset / Sector}+{length / Sector}");
        await ChangeAsync(write, isDurable, () => session.Device.TrimAsync(offset, length, isDurable, default));
    }

    private async Task ZeroAsync(long offset, int length)
    {
        var options = random.Pick<ZeroOptions>([ZeroOptions.None, ZeroOptions.KeepAllocated, ZeroOptions.Durable, ZeroOptions.Fast]);
        var write = session.BeginWrite(offset, length, isZero: true);
        session.Say($"zero {write.Number} {offset / Sector}+{length / Sector} {options}");
        await ChangeAsync(write, options.HasFlag(ZeroOptions.Durable), async () =>
        {
            try
            {
                await session.Device.WriteZeroesAsync(offset, length, options, default);
            }
            catch (BlockDeviceException ex) when (ex.Error == BlockError.NotSupported && options.HasFlag(ZeroOptions.Fast))
            {
                // An allowed answer that must have done nothing; what it may have done is zeroing.
                await session.Device.WriteZeroesAsync(offset, length, ZeroOptions.None, default);
            }
        });
    }

    private async Task ChangeAsync(CheckedWrite write, bool isDurable, Func<ValueTask> change)
    {
        try
        {
            await change();
        }
        catch
        {
            session.FailWrite(write);
            throw;
        }
        session.Say($"ack {write.Number}");
        session.EndWrite(write, isDurable);
    }

    private async Task ReadAsync(long offset, int length)
    {
        var buffer = new byte[length];
        buffer.AsSpan().Fill(0xDD);
        var begun = session.Begin();
        await session.Device.ReadAsync(offset, buffer, default);
        session.CheckRead(begun, offset, buffer);
    }

    private async Task FlushAsync()
    {
        var begun = session.Begin();
        session.Say("flush");
        await session.Device.FlushAsync(default);
        session.Say("flushed");
        session.EndFlush(begun);
    }

    // Holes must read as zeroes, and extents must follow each other.
    private async Task DescribeAsync(long offset, int length)
    {
        var extents = new BlockExtent[8];
        var begun = session.Begin();
        var count = await session.Device.DescribeAsync(offset, length, extents, default);
        if (count < 1 || count > extents.Length || extents.Take(count).Any(extent => extent.LengthBytes <= 0))
            throw new SimulationException(SimulationFailure.WrongData, $"{session.Name}: describing {offset}+{length} gave {count} extents, each of which must have a length");
        session.CheckExtents(begun, offset, length, extents.AsMemory(0, count));
    }
}
