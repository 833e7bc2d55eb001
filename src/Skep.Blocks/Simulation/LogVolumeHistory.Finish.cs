using Skep.Blocks.Log;

namespace Skep.Blocks.Simulation;

internal sealed partial class LogVolumeHistory
{
    // Fair weather: everything must work now, a machine that knows nothing must find all of it, and no garbage stays.
    private async Task FinishAsync()
    {
        ClearWeather();
        await PlayLastAsync(deletes: false, async session =>
        {
            foreach (var opened in session.Volumes)
                await DrainAsync(opened);
            await CloseAllAsync(session);
        });
        foreach (var machine in _machines)
            machine.Lose();
        foreach (var volume in _volumes)
            volume.Checker.Crash(VolumeLoss.Machine);
        await PlayLastAsync(deletes: false, async session =>
        {
            await CloseAllAsync(session);
            foreach (var volume in _volumes)
                await InspectAsync(session, volume);
        });
        // Until the last late request has come and lists are up to date.
        await Task.Delay(_store.Faults.StaleMax + _store.Faults.Timeout, _scheduler.Observer.Time);
        await PlayLastAsync(deletes: true, async session =>
        {
            foreach (var snapshot in session.Volumes[0].Volume.Snapshots.ToList())
                await DeleteSnapshotAsync(session.Volumes[0], snapshot);
            await CollectAllAsync(session);
            await CloseAllAsync(session);
        });
        await Task.Delay(_store.Faults.StaleMax, _scheduler.Observer.Time);
        await PlayLastAsync(deletes: true, async session =>
        {
            await CollectAllAsync(session);
            CheckGarbage(session.Volumes[0].Device);
            await CloseAllAsync(session);
        });
    }

    private async Task PlayLastAsync(bool deletes, Func<ProcessSession, Task> work)
    {
        var session = new ProcessSession(_machine, _machine.Start(), _faults);
        _scheduler.Trace.Say("fair weather");
        await session.Process.RunAsync(async () =>
        {
            if (deletes)
                await DeleteVolumesAsync(session, deletesAll: true);
            await OpenAllAsync(session, readsAll: true);
            await work(session);
        });
        Crash(_machine, VolumeLoss.None);
    }

    private async Task InspectAsync(ProcessSession session, TestVolume volume)
    {
        var found = await LogVolumeInspector.VerifyAsync(_seams.Store(_store.For(session.Process)), volume.Name, _keys, Services(session.Process), progress: null, default);
        if (found.Damages.Count > 0)
            throw new SimulationException(SimulationFailure.WrongData, $"{volume.Name} is damaged: {string.Join("; ", found.Damages)}");
    }

    private async Task CollectAllAsync(ProcessSession session)
    {
        var device = session.Volumes[0].Device;
        await device.DrainAsync(default);
        // Records before the older of two checkpoints can go.
        for (var i = 0; i < 3; i++)
        {
            await device.CheckpointAsync(default);
            await device.CollectGarbageAsync(default);
            await Task.Delay(_store.Faults.StaleMax, session.Process.Time);
        }
    }

    // Every object must be explained by the volume's state.
    private void CheckGarbage(LogVolume device)
    {
        const int RecordsMax = 12;
        const int CheckpointsMax = 3;
        var status = device.Status;
        var keys = _store.Objects.Keys.ToList();
        CheckCount("data objects", "volume/data/", status.Objects);
        CheckCount("snapshots", "volume/snapshot/", 0);
        CheckCount("checkpoints", "volume/checkpoint/", CheckpointsMax);
        CheckCount("log records", "volume/log/", RecordsMax);
        // A mark of deletion may arrive a second time, when its volume is gone; it names the volume's id and binds no other.
        if (keys.Find(key => !key.StartsWith("volume/", StringComparison.Ordinal) && !key.EndsWith("/deleted", StringComparison.Ordinal)) is { } stray)
            throw new SimulationException(SimulationFailure.Garbage, $"{stray} is left of a volume that was deleted");

        void CheckCount(string what, string prefix, int max)
        {
            var found = keys.FindAll(key => key.StartsWith(prefix, StringComparison.Ordinal));
            if (found.Count > max)
                throw new SimulationException(SimulationFailure.Garbage, $"{found.Count} {what} are in the store, expected at most {max}: {string.Join(", ", found.Take(20))}");
        }
    }
}
