using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Simulation;

internal sealed partial class LogVolumeHistory
{
    private const int RotPerMille = 400;
    private const int RotsMax = 3;

    // The end of some histories: bits of objects flip, objects are cut. Whatever can still be read must be right.
    private async Task RotAsync()
    {
        if (!_random.Chance(RotPerMille))
            return;
        var volume = _volumes[0];
        foreach (var _ in Enumerable.Range(0, _random.Between(1, RotsMax)))
            RotOne();
        var session = new ProcessSession(_machine, _machine.Start(), _faults);
        await session.Process.RunAsync(async () =>
        {
            LogVolume device;
            try
            {
                device = await LogVolume.OpenAsync(Settings(session, volume.Name), default);
            }
            catch (Exception ex) when (ex is LogFormatException or BlockDeviceException or ObjectStoreException)
            {
                _scheduler.Trace.Say($"not opened: {ex.Message}");
                return;
            }

            await ReadRottenAsync(device, volume);
            await device.AbandonAsync();
        });
        _machine.Kill();
    }

    private void RotOne()
    {
        var objects = _store.Objects.Where(o => o.Key.StartsWith("volume/", StringComparison.Ordinal) && o.Value > 0).OrderBy(o => o.Key, StringComparer.Ordinal).ToList();
        var (key, length) = _random.Pick(objects);
        if (_random.Chance(700))
            _store.FlipBit(key, _random.Below((int)length), _random.Below(8));
        else
            _store.Truncate(key, _random.Below((int)length));
    }

    private static async Task ReadRottenAsync(LogVolume device, TestVolume volume)
    {
        const int PieceBytes = 8 * SectorStamp.SectorSize;
        var buffer = new byte[PieceBytes];
        for (long at = 0; at < device.SizeBytes; at += PieceBytes)
        {
            var piece = buffer.AsMemory(0, (int)Math.Min(PieceBytes, device.SizeBytes - at));
            var begun = volume.Checker.Begin();
            try
            {
                await device.ReadAsync(at, piece, default);
            }
            catch (BlockDeviceException)
            {
                continue;
            }
            volume.Checker.CheckRead(begun, at, piece.Span);
        }
    }
}
