namespace Skep.Blocks.Simulation;

/// <summary>
/// One history of a volume and its clones: sessions, each of which opens them on some machine, finds out whether all is as it
/// must be, puts load on them, and ends in good order or in a crash; then a last opening on a machine that knows nothing.
/// </summary>
internal sealed partial class LogVolumeHistory
{
    private const int SessionsMax = 40;

    private readonly SimulationRandom _random;
    private readonly SimulatedScheduler _scheduler;
    private readonly SimulatedObjectStore _store;
    private readonly List<SimulatedMachine> _machines;
    private readonly VolumePlan _plan;
    private readonly SimulationSeams _seams;
    private readonly SimulatedNetwork _network;
    private readonly List<TestVolume> _volumes = [];
    private readonly SimulatedMachine _keeper;
    private SimulatedMachine _machine;
    private int _operationsLeft;
    private long _number;

    public LogVolumeHistory(SimulatedScheduler scheduler, SimulationRandom random, int operationCount, SimulationSeams seams)
    {
        (_scheduler, _seams) = (scheduler, seams);
        _random = random;
        _operationsLeft = operationCount;
        _plan = new VolumePlan(random.Fork());
        _store = new SimulatedObjectStore(scheduler, random.Fork());
        _machines = [new(scheduler, random.Fork(), "a"), new(scheduler, random.Fork(), "b")];
        _machine = _machines[0];
        _keeper = new SimulatedMachine(scheduler, random.Fork(), "r");
        _network = new SimulatedNetwork(scheduler, random.Fork(), _keeper) { Directory = seams.ReplicaDirectory };
        foreach (var machine in _machines)
            machine.Configure = faults => ConfigureDisk(machine, faults);
    }

    public async Task PlayAsync()
    {
        _scheduler.Trace.Say($"plan: {_plan}");
        if (_plan.HasReplica)
            _network.Start();
        await CreateAsync();
        for (var session = 0; session < SessionsMax && _operationsLeft > 0; session++)
            await PlaySessionAsync();
        await FinishAsync();
        await RotAsync();
    }

    private async Task PlaySessionAsync()
    {
        ChangeWeather();
        var ending = _random.Below(100) switch
        {
            < 22 => Ending.Close,
            < 42 => Ending.Kill,
            < 72 => Ending.PowerCut,
            < 80 => Ending.Loss,
            _ => Ending.Takeover,
        };
        _scheduler.Trace.Say($"session on {_machine.Name}, ends with {ending}");
        if (ending == Ending.Takeover)
            await PlayTakeoverAsync();
        else
            await PlayAloneAsync(ending);
    }

    // One process; a crash may come anywhere, also while it opens or closes.
    private async Task PlayAloneAsync(Ending ending)
    {
        var loss = LossOf(ending);
        var machine = _machine;
        var process = machine.Start();
        if (loss != VolumeLoss.None)
            CrashAfter(machine, loss, _random.Chance(300) ? _random.Between(1, 40) : _random.Between(1, 600));
        var session = new ProcessSession(machine, process, _faults);
        try
        {
            await process.RunAsync(() => RunSessionAsync(session, TakeOperation, onVerified: null));
        }
        catch (ProcessKilledException)
        {
            return;
        }
        finally
        {
            Disarm();
        }
        if (session.IsBroken)
            Crash(machine, LossOfBroken(machine));
        else if (loss != VolumeLoss.None)
            Crash(machine, loss);
        else
            await CloseAndEndAsync(session);
    }

    private async Task CloseAndEndAsync(ProcessSession session)
    {
        await session.Process.RunAsync(() => CloseAllAsync(session));
        Crash(session.Machine, session.IsBroken ? LossOfBroken(session.Machine) : _random.Chance(500) ? VolumeLoss.Power : VolumeLoss.Process);
    }

    // A second machine opens the volumes while the first has them; the first must notice, fail, and do no harm.
    private async Task PlayTakeoverAsync()
    {
        var first = new ProcessSession(_machine, _machine.Start(), _faults);
        var running = first.Process.RunAsync(() => RunSessionAsync(first, TakeOperation, onVerified: null));
        // An opener that is still at it would take the volumes back, as it may.
        do
            await Task.Delay(_random.Time(TimeSpan.FromSeconds(20)), _scheduler.Observer.Time);
        while (!first.IsVerified && !running.IsCompleted);
        var isPaused = _random.Chance(400);
        if (isPaused)
            first.Process.Pause();
        foreach (var opened in first.Volumes)
            opened.Session.MayBeOvertaken = true;
        first.MayBeOvertaken = true;
        foreach (var volume in _volumes)
            volume.Checker.BeginTakeover();

        DarkenKeeper();
        _machine = _machines.Single(machine => machine != first.Machine);
        var second = new ProcessSession(_machine, _machine.Start(), _faults) { Overtakes = first };
        await second.Process.RunAsync(() => RunSessionAsync(second, TakeOperation, onVerified: () => Overtake(first, isPaused)));
        if (first.IsOvertaken && _random.Chance(500))
            await running;
        first.Machine.Kill();
        try
        {
            await running;
        }
        catch (ProcessKilledException)
        {
            // It was cut short, which is allowed at any moment.
        }
        Crash(second.Machine, second.IsBroken ? LossOfBroken(second.Machine) : LossOf(_random.Pick<Ending>([Ending.Kill, Ending.PowerCut])));
    }

    private static void Overtake(ProcessSession first, bool isPaused)
    {
        first.IsOvertaken = true;
        if (isPaused)
            first.Process.Resume();
    }

    private bool TakeOperation() => _operationsLeft-- > 0;

    private static VolumeLoss LossOf(Ending ending) => ending switch
    {
        Ending.Close => VolumeLoss.None,
        Ending.Kill => VolumeLoss.Process,
        Ending.PowerCut => VolumeLoss.Power,
        Ending.Loss => VolumeLoss.Machine,
        _ => throw new ArgumentOutOfRangeException(nameof(ending), ending, "ends otherwise"),
    };

    // What the keeper has of a log is needed when the machine with the log is gone: often it has just lost its power itself.
    private void DarkenKeeper()
    {
        if (_plan.HasReplica && _random.Chance(300))
            _network.Crash(isPowerCut: true);
    }

    // Who had a disk fail is started again, on what the page cache still shows, or with the machine. A file system that
    // could not make a directory durable lets nobody write before it is mounted again.
    private VolumeLoss LossOfBroken(SimulatedMachine machine) =>
        machine.Disks.Any(disk => disk.HasLostNames) || _random.Chance(500) ? VolumeLoss.Power : VolumeLoss.Process;

    private void CrashAfter(SimulatedMachine machine, VolumeLoss loss, int ioCount)
    {
        var left = ioCount;
        machine.BeforeIo = _store.BeforeIo = process =>
        {
            if (process == machine.Process && --left == 0)
                Crash(machine, loss);
        };
    }

    private void Disarm()
    {
        _store.BeforeIo = null;
        foreach (var machine in _machines)
            machine.BeforeIo = null;
    }

    private void Crash(SimulatedMachine machine, VolumeLoss loss)
    {
        _scheduler.Trace.Say($"crash of {machine.Name}: {loss}");
        switch (loss)
        {
            case VolumeLoss.Power:
                machine.CutPower();
                break;
            case VolumeLoss.Machine:
                machine.Lose();
                DarkenKeeper();
                break;
            default:
                machine.Kill();
                break;
        }
        foreach (var volume in _volumes)
            volume.Checker.Crash(loss);
    }

    private enum Ending
    {
        Close,
        Kill,
        PowerCut,
        Loss,
        Takeover,
    }
}
