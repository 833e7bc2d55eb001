namespace Skep.Blocks.Simulation;

internal sealed partial class LogVolumeHistory
{
    private SessionFaults _faults;
    private int _delayPerMille = 100;
    private int _diskErrorPerMille;
    private bool _isDiskSmall;
    private int _weatherCount;

    // Each session has its own troubles: they are drawn before it begins.
    private void ChangeWeather()
    {
        var (isStoreBad, isDiskBad, isDiskFull) = _plan.Weather switch
        {
            Weather.Calm => (false, false, false),
            Weather.Changing => (_random.Chance(400), _random.Chance(120), _random.Chance(100)),
            _ => (true, _random.Chance(300), _random.Chance(200)),
        };
        _delayPerMille = _random.Pick<int>([0, 100, 500]);
        _diskErrorPerMille = isDiskBad ? _random.Pick<int>([2, 10]) : 0;
        _isDiskSmall = isDiskFull;
        foreach (var machine in _machines)
        {
            foreach (var disk in machine.Disks)
                ConfigureDisk(machine, disk.Faults);
        }
        ConfigureStore(isStoreBad);
        _faults = new SessionFaults(isDiskBad, isDiskFull, isStoreBad, ConfigureNetwork(_plan.Weather != Weather.Calm));
    }

    /// <returns>Whether the keeper may be away for long.</returns>
    private bool ConfigureNetwork(bool mayBeBad)
    {
        _network.IsOut = false;
        _network.LatencyMax = _random.Pick<TimeSpan>([TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(300)]);
        var isBad = _plan.HasReplica && mayBeBad && _random.Chance(500);
        (_network.BrokenPerMille, _network.DamagedPerMille) = isBad ? (_random.Pick<int>([0, 10, 50]), _random.Pick<int>([0, 5])) : (0, 0);
        if (!isBad)
            return false;
        var session = _weatherCount;
        switch (_random.Below(4))
        {
            case 0:
                _scheduler.After(_random.Time(TimeSpan.FromSeconds(20)), () => _network.Crash(isPowerCut: false));
                break;
            case 1:
                _scheduler.After(_random.Time(TimeSpan.FromSeconds(20)), () => _network.Crash(isPowerCut: true));
                break;
            case 2:
                _scheduler.After(_random.Time(TimeSpan.FromSeconds(20)), () => _network.IsOut = session == _weatherCount);
                _scheduler.After(TimeSpan.FromSeconds(20) + _random.Time(TimeSpan.FromMinutes(3)), () => _network.IsOut &= session != _weatherCount);
                break;
            default:
                break;
        }
        return true;
    }

    private void ConfigureStore(bool isBad)
    {
        _weatherCount++;
        _store.EndOutage();
        var faults = _store.Faults;
        faults.LatencyMax = _random.Pick<TimeSpan>([TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(40), TimeSpan.FromSeconds(2)]);
        // Late requests, duplicates and stale lists are no failures: no weather is too good for them.
        faults.DuplicatePerMille = _random.Pick<int>([0, 50]);
        faults.StaleListPerMille = _random.Pick<int>([0, 300]);
        (faults.RefusedPerMille, faults.LostPerMille, faults.LostAnswerPerMille, faults.ShortReadPerMille) =
            isBad ? (_random.Pick<int>([0, 50, 300]), _random.Pick<int>([0, 20]), _random.Pick<int>([0, 50, 200]), _random.Pick<int>([0, 50])) : (0, 0, 0, 0);
        if (isBad && _random.Chance(300))
        {
            var session = _weatherCount;
            _scheduler.After(_random.Time(TimeSpan.FromSeconds(20)), () =>
            {
                // The next session may have been promised a store that answers.
                if (session == _weatherCount)
                    _store.BeginOutage(_random.Time(TimeSpan.FromMinutes(3)));
            });
        }
    }

    private void ConfigureDisk(SimulatedMachine machine, DiskFaults faults)
    {
        faults.DelayPerMille = _delayPerMille;
        faults.WriteErrorPerMille = faults.SyncErrorPerMille = _diskErrorPerMille;
        faults.CapacityBytes = _isDiskSmall ? _plan.SegmentBytes * (long)_random.Between(4, 6) : long.MaxValue;
        faults.WritesUntilFull = null;
        _scheduler.Trace.Say($"{machine.Name}: disks fail {_diskErrorPerMille} of 1,000, delay {_delayPerMille}, hold {faults.CapacityBytes}");
    }

    private void ClearWeather()
    {
        (_diskErrorPerMille, _isDiskSmall) = (0, false);
        foreach (var machine in _machines)
        {
            foreach (var disk in machine.Disks)
                ConfigureDisk(machine, disk.Faults);
        }
        ConfigureStore(isBad: false);
        // What comes twice after the last sweep stays.
        _store.Faults.DuplicatePerMille = 0;
        ConfigureNetwork(mayBeBad: false);
        _faults = default;
    }
}
