using Skep.Blocks.Files;
using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Simulation;

internal sealed partial class LogVolumeHistory
{
    private const int AttemptsMax = 200;
    private const int ObjectBytes = 64 << 10;
    private const int RareFailurePerMille = 20;
    private const int ReadAttemptsMax = 12;
    private static readonly TimeSpan _attemptPause = TimeSpan.FromSeconds(5);

    private readonly SimulatedKeys _keys = new();
    private byte[] _base = [];

    private async Task CreateAsync()
    {
        ChangeWeather();
        var format = new LogVolumeFormat
        {
            SizeBytes = _plan.SizeBytes,
            IsEncrypted = _plan.IsEncrypted,
            Compression = _plan.IsCompressed ? LogCompression.Zstd : LogCompression.None,
            ObjectBytes = ObjectBytes,
            HasBase = _plan.BaseSectors > 0,
        };
        var origin = MakeBase();
        // The maker may die; whoever comes next makes the volume or finishes it.
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var process = _machine.Start();
            if (_random.Chance(200))
                CrashAfter(_machine, VolumeLoss.Process, _random.Between(1, 5));
            try
            {
                await process.RunAsync(() => RetryAsync(
                    () => LogVolume.CreateAsync(_seams.Store(_store.For(process)), "volume", format, _keys, Services(process), default), isExistingFine: attempt > 0));
                break;
            }
            catch (ProcessKilledException)
            {
                // Made or not: the next attempt finds out.
            }
            finally
            {
                Disarm();
            }
        }
        _machine.Kill();
        _volumes.Add(new TestVolume("volume", new VolumeChecker("volume", origin, NextNumber) { HasReplica = _plan.HasReplica }, Origin: null));
    }

    private long NextNumber() => ++_number;

    /// <summary>Fills the base with one number for a run of sectors.</summary>
    /// <returns>What the volume's sectors hold to begin with.</returns>
    private long[] MakeBase()
    {
        const int RunSectorsMax = 40;
        var origin = new long[_plan.SizeBytes / SectorStamp.SectorSize];
        _base = new byte[_plan.BaseSectors * SectorStamp.SectorSize];
        for (var at = 0; at < _plan.BaseSectors;)
        {
            var end = Math.Min(_plan.BaseSectors, at + _random.Between(1, RunSectorsMax));
            var number = _random.Chance(300) ? 0 : NextNumber();
            SectorStamp.Fill(_base.AsSpan(at * SectorStamp.SectorSize, (end - at) * SectorStamp.SectorSize), number, at);
            for (; at < end; at++)
                if (at < origin.Length)
                    origin[at] = number;
        }
        return origin;
    }

    private LogVolumeServices Services(SimulatedProcess process) => new()
    {
        TimeProvider = process.Time,
        Random = _random.Fork().Fill,
        OnEvent = e => _scheduler.Trace.Say($"{process.Name} {e.Volume}: {e.Kind}: {e.Message}"),
    };

    private LogVolumeSettings Settings(ProcessSession session, string volume) => new()
    {
        Store = _seams.Store(_store.For(session.Process)),
        Name = volume,
        LogDirectory = _seams.Directory(session.Machine.Disk($"{volume}.log").For(session.Process)),
        CacheDirectory = _plan.HasCache ? session.Machine.Disk($"{volume}.cache").For(session.Process) : null,
        Keys = _keys,
        Services = Services(session.Process),
        Base = _plan.BaseSectors > 0 ? new SimulatedBase(_base, session.Process, _random.Fork(), session.Faults.MayStoreFail ? RareFailurePerMille : 0) : null,
        Replica = _plan.HasReplica ? _network.For(session.Process) : null,
        ReplicaWindowBytes = _plan.ReplicaWindowBytes,
        ReplicaOpenTimeout = TimeSpan.FromMinutes(5),
        LogBytes = _plan.LogBytes,
        SegmentBytes = _plan.SegmentBytes,
        CacheBytes = _plan.CacheBytes,
        UploadsInFlight = _plan.UploadsInFlight,
        BatchAge = _plan.BatchAge,
        CheckpointRecords = _plan.CheckpointRecords,
        CollectBelowLive = _plan.CollectBelowLive,
        CollectInterval = _plan.CollectInterval,
        ReadAheadBytes = _plan.ReadAheadBytes,
        ReadTimeout = _plan.ReadTimeout,
        // A cut answer is no damage however often a bad store gives one.
        ReadAttemptsMax = ReadAttemptsMax,
        LogFullTimeout = session.Faults.MayDiskBeFull ? TimeSpan.FromMinutes(10) : null,
    };

    // Opens everything, checks all of it, puts load on it.
    private async Task RunSessionAsync(ProcessSession session, Func<bool> takeOperation, Action? onVerified)
    {
        if (onVerified is null && session.Faults is { MayStoreFail: false })
            await DeleteVolumesAsync(session, deletesAll: false);
        if (!await OpenAllAsync(session, readsAll: false))
            return;
        onVerified?.Invoke();
        var clients = session.Volumes
            .SelectMany(opened => Enumerable.Range(0, _plan.ClientCount).Select(_ => new VolumeClient(opened.Session, _random.Fork()).RunAsync(takeOperation)))
            .Append(AdministerAsync(session, takeOperation))
            .ToList();
        await Task.WhenAll(clients);
        session.IsBroken |= session.Volumes.Exists(opened => opened.Session.IsBroken);
    }

    private async Task<bool> OpenAllAsync(ProcessSession session, bool readsAll)
    {
        foreach (var volume in _volumes.ToList())
        {
            if (await OpenAsync(session, volume) is not { } opened)
                return false;
            session.Volumes.Add(opened);
            await VerifyAsync(opened);
            session.Overtakes?.Overtaken(volume);
            await RetryAsync(opened.Session, () => VerifySnapshotsAsync(opened, readsAll));
            await RetryAsync(opened.Session, () => FinishClonesAsync(opened));
        }
        session.IsVerified = true;
        return true;
    }

    private async Task<OpenedVolume?> OpenAsync(ProcessSession session, TestVolume volume)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var device = await LogVolume.OpenAsync(Settings(session, volume.Name), default);
                return new OpenedVolume(volume, device, new VolumeSession(session.Process, volume.Checker, session.Faults, NextNumber)
                {
                    Device = device,
                    MayBeOvertaken = session.MayBeOvertaken,
                    IsOvertaken = session.IsOvertaken,
                    MayReadFail = _plan.BaseSectors > 0 || _plan.ReadTimeout is not null,
                });
            }
            catch (Exception ex) when (attempt < AttemptsMax && MayOpeningFail(session, ex))
            {
                _scheduler.Trace.Say($"{session.Process.Name}: opening {volume.Name}: {ex.Message}");
                if (ex is IOException or BlockDeviceException { Error: BlockError.Io or BlockError.NoSpace } && session.Faults.MayDiskFail | session.Faults.MayDiskBeFull)
                {
                    // The disk must be looked after first.
                    session.IsBroken = true;
                    return null;
                }
                if (session.MayBeOvertaken)
                    return null;
                await Task.Delay(_attemptPause, session.Process.Time);
            }
            catch (Exception ex) when (ex is not SimulationException)
            {
                throw new SimulationException(SimulationFailure.UnexpectedFailure, $"opening {volume.Name}: {ex.GetType().Name}: {ex.Message}", ex);
            }
        }
    }

    private static bool MayOpeningFail(ProcessSession session, Exception exception) => exception switch
    {
        IOException => session.Faults.MayDiskFail || session.Faults.MayDiskBeFull,
        ObjectStoreException => session.Faults.MayStoreFail,
        BlockDeviceException { Error: BlockError.Io } => session.Faults.MayStoreFail || session.Faults.MayDiskFail || session.Faults.MayNetworkFail,
        BlockDeviceException { Error: BlockError.NoSpace } => session.Faults.MayDiskBeFull,
        BlockDeviceException { Error: BlockError.Shutdown } => session.MayBeOvertaken,
        _ => false,
    };

    // Reads all of a volume; a store that fails is asked again.
    private static async Task VerifyAsync(OpenedVolume opened)
    {
        var content = await ReadAllAsync(opened.Session, opened.Device);
        if (content is not null && opened.Session.Process.IsAlive && !opened.Session.MayBeOvertaken)
            opened.Volume.Checker.CheckRecovered(content.Length, content);
    }

    private static async Task<byte[]?> ReadAllAsync(VolumeSession session, IBlockDevice device)
    {
        var content = new byte[device.SizeBytes];
        return await RetryAsync(session, async () => await device.ReadAsync(0, content, default)) ? content : null;
    }

    // False when the volume stopped for a reason that was allowed.
    private static async Task<bool> RetryAsync(VolumeSession session, Func<Task> work)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            try
            {
                await work();
                return true;
            }
            catch (Exception ex)
            {
                session.Explain(ex, isStoreNeeded: true);
                if (session.IsBroken)
                    return false;
                await Task.Delay(_attemptPause, session.Process.Time);
            }
        }
        throw new SimulationException(SimulationFailure.UnexpectedFailure, $"{session.Name} did not answer in {AttemptsMax} attempts");
    }

    private async Task RetryAsync(Func<Task> work, bool isExistingFine)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await work();
                return;
            }
            catch (BlockDeviceException ex) when (isExistingFine && ex.Error == BlockError.NotSupported)
            {
                return;
            }
            catch (Exception ex) when (attempt < AttemptsMax && ex is ObjectStoreException or BlockDeviceException { Error: BlockError.Io } && _faults.MayStoreFail)
            {
                isExistingFine = true;
                await Task.Delay(_attemptPause, _scheduler.Observer.Time);
            }
        }
    }
}
