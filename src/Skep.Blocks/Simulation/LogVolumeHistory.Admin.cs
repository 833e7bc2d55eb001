using Skep.Blocks.Log;

namespace Skep.Blocks.Simulation;

internal sealed partial class LogVolumeHistory
{
    private const int VolumesMax = 3;
    private const long SectorsMax = 1024;

    // One operator beside the clients: what is done to volumes as a whole.
    private async Task AdministerAsync(ProcessSession session, Func<bool> takeOperation)
    {
        var random = _random.Fork();
        while (session.Volumes.TrueForAll(opened => !opened.Session.IsBroken) && takeOperation())
        {
            var opened = random.Pick(session.Volumes);
            try
            {
                await AdministerAsync(session, opened, random);
            }
            catch (Exception ex)
            {
                opened.Session.Explain(ex, isStoreNeeded: true);
            }
            await Task.Delay(random.Time(TimeSpan.FromSeconds(3)), session.Process.Time);
        }
    }

    private async Task AdministerAsync(ProcessSession session, OpenedVolume opened, SimulationRandom random)
    {
        switch (random.Below(100))
        {
            case < 20:
                await DrainAsync(opened);
                break;
            case < 38:
                await SnapshotAsync(opened);
                break;
            case < 50:
                if (PickSnapshot(opened, random) is { } read)
                    await ReadSnapshotAsync(opened, read);
                break;
            case < 58:
                if (PickSnapshot(opened, random) is { } old)
                    await DeleteSnapshotAsync(opened, old);
                break;
            case < 65:
                if (_volumes.Count + _pendingClones.Count < VolumesMax && PickSnapshot(opened, random) is { } origin)
                    await CloneAsync(opened, origin);
                break;
            case < 72:
                opened.Session.Say("checkpoint");
                await opened.Device.CheckpointAsync(default);
                break;
            case < 80:
                opened.Session.Say("collect garbage");
                await opened.Device.CollectGarbageAsync(default);
                break;
            case < 85:
                await GrowAsync(opened, random);
                break;
            case < 88:
                await RotateKeyAsync(opened);
                break;
            case < 92 when _plan.BaseSectors > 0:
                opened.Session.Say("hydrate");
                await opened.Device.HydrateAsync(default);
                break;
            default:
                await Task.Delay(random.Time(_plan.CollectInterval * 2), session.Process.Time);
                break;
        }
    }

    private static async Task DrainAsync(OpenedVolume opened)
    {
        var begun = opened.Session.Begin();
        opened.Session.Say("drain");
        await opened.Device.DrainAsync(default);
        opened.Session.Say("drained");
        opened.Session.EndDrain(begun);
    }

    private static async Task GrowAsync(OpenedVolume opened, SimulationRandom random)
    {
        var size = opened.Device.SizeBytes + (random.Between(1, 64) * (long)SectorStamp.SectorSize);
        if (size > SectorsMax * SectorStamp.SectorSize || opened.Session.IsOvertaken || opened.Volume.Checker.SizesAllowed.Count > 1)
            return;
        opened.Session.Say($"grow to {size}");
        var resize = opened.Volume.Checker.BeginResize(size);
        await opened.Device.ResizeAsync(size, default);
        opened.Session.EndResize(resize, size);
    }

    private async Task RotateKeyAsync(OpenedVolume opened)
    {
        if (!_plan.IsEncrypted)
            return;
        _keys.Rotate();
        opened.Session.Say($"rotate to {_keys.CurrentKeyId}");
        await opened.Device.RotateKeyAsync(_keys.CurrentKeyId, default);
    }

    private static async Task CloseAllAsync(ProcessSession session)
    {
        foreach (var opened in session.Volumes)
        {
            var begun = opened.Session.Begin();
            var report = await opened.Device.CloseAsync(default);
            opened.Session.Say($"closed, {report.UndrainedBytes} bytes left: {report.Failure?.Message}");
            if (report is { UndrainedBytes: 0, Failure: null })
                opened.Session.EndDrain(begun);
            else if (opened.Device.Status is { Failure: null, IsFenced: false })
                opened.Session.EndLocalFlush(begun);
            if (report is { UndrainedBytes: > 0, Failure: null })
                throw new SimulationException(SimulationFailure.UnexpectedFailure, $"{opened.Volume.Name} was closed with {report.UndrainedBytes} bytes left and gave no reason");
        }
    }
}
