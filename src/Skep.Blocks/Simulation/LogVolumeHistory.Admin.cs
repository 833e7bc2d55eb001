using Skep.Blocks.Log;

namespace Skep.Blocks.Simulation;

internal sealed partial class LogVolumeHistory
{
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
            case < 30:
                await DrainAsync(opened);
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

    private async Task CloseAllAsync(ProcessSession session)
    {
        foreach (var opened in session.Volumes)
        {
            var begun = opened.Session.Begin();
            var report = await opened.Device.CloseAsync(default);
            opened.Session.Say($"closed, {report.UndrainedBytes} bytes left: {report.Failure?.Message}");
            if (report is { UndrainedBytes: 0, Failure: null })
                opened.Session.EndDrain(begun);
            else if (opened.Device.Status is { Failure: null, IsFenced: false })
                opened.Session.EndFlush(begun);
            if (report is { UndrainedBytes: > 0, Failure: null })
                throw new SimulationException(SimulationFailure.UnexpectedFailure, $"{opened.Volume.Name} was closed with {report.UndrainedBytes} bytes left and gave no reason");
        }
    }

    // Fair weather: everything must work now, and a machine that knows nothing must find all of it.
    private async Task FinishAsync()
    {
        ClearWeather();
        await PlayLastAsync(async session =>
        {
            foreach (var opened in session.Volumes)
                await DrainAsync(opened);
            await CloseAllAsync(session);
        });
        foreach (var machine in _machines)
            machine.Lose();
        foreach (var volume in _volumes)
            volume.Checker.Crash(VolumeLoss.Machine);
        await PlayLastAsync(CloseAllAsync);
    }

    private async Task PlayLastAsync(Func<ProcessSession, Task> work)
    {
        var session = new ProcessSession(_machine, _machine.Start(), _faults);
        _scheduler.Trace.Say("fair weather");
        await session.Process.RunAsync(async () =>
        {
            await RunSessionAsync(session, () => false, onVerified: null);
            await work(session);
        });
        Crash(_machine, VolumeLoss.None);
    }
}
