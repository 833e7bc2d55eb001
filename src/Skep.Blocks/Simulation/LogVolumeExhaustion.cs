using Skep.Blocks.Log;

namespace Skep.Blocks.Simulation;

/// <summary>An operation of an exhaustive workload; ranges are fixed so that they overlap in part.</summary>
public enum ExhaustiveOperation
{
    /// <summary>A write of 4 KiB at 0.</summary>
    Write,

    /// <summary>A durable write of 3,072 bytes at 2,560: neither end is on a page.</summary>
    WriteDurable,

    /// <summary>A flush.</summary>
    Flush,

    /// <summary>A trim of 1,024 bytes at 3,584.</summary>
    Trim,

    /// <summary>Everything to the store.</summary>
    Drain,

    /// <summary>A snapshot.</summary>
    Snapshot,
}

/// <summary>
/// Every workload of a few operations, crashed before every one of its inputs and outputs: most defects of crash
/// consistency show with three operations or fewer (Mohan et al., "Finding Crash-Consistency Bugs with Bounded Black-Box
/// Crash Testing", OSDI 2018). Afterwards the volume is opened twice: where it was, and on a machine that knows nothing.
/// </summary>
public static class LogVolumeExhaustion
{
    private const long SizeBytes = 8192;
    private const int IoMax = 10_000;
    private const long StepsMax = 1_000_000;

    /// <summary>All workloads of 1 to <paramref name="operationsMax"/> operations.</summary>
    public static IEnumerable<IReadOnlyList<ExhaustiveOperation>> Workloads(int operationsMax)
    {
        IEnumerable<IReadOnlyList<ExhaustiveOperation>> shorter = [[]];
        for (var length = 1; length <= operationsMax; length++)
        {
            shorter = [.. shorter.SelectMany(workload => Enum.GetValues<ExhaustiveOperation>().Select(next => (IReadOnlyList<ExhaustiveOperation>)[.. workload, next]))];
            foreach (var workload in shorter)
                yield return workload;
        }
    }

    /// <summary>Crashes one workload at every place.</summary>
    /// <param name="workload">The operations, one after the other.</param>
    /// <param name="loss">What the crash takes.</param>
    /// <returns>How many places there were, and what failed.</returns>
    public static (int Places, IReadOnlyList<string> Failures) Run(IReadOnlyList<ExhaustiveOperation> workload, VolumeLoss loss) =>
        Run(workload, loss, new SimulationSeams());

    internal static (int Places, IReadOnlyList<string> Failures) Run(IReadOnlyList<ExhaustiveOperation> workload, VolumeLoss loss, SimulationSeams seams)
    {
        var failures = new List<string>();
        for (var place = 1; place <= IoMax; place++)
        {
            var scheduler = new SimulatedScheduler(new SimulationRandom((ulong)place), new SimulationTrace(sink: null));
            var play = new Play(scheduler, new SimulationRandom((ulong)place), loss, place, seams);
            try
            {
                scheduler.Run(() => play.RunAsync(workload), StepsMax);
            }
            catch (SimulationException ex)
            {
                failures.Add($"{string.Join(", ", workload)}, {loss} lost at {place}: {ex.Failure}: {ex.Message}");
            }
            if (!play.HasCrashed)
                return (place - 1, failures);
        }
        throw new InvalidOperationException($"{string.Join(", ", workload)} had not ended after {IoMax} inputs and outputs");
    }

    private sealed class Play(SimulatedScheduler scheduler, SimulationRandom random, VolumeLoss loss, int place, SimulationSeams seams)
    {
        private readonly SimulatedObjectStore _store = new(scheduler, random.Fork());
        private readonly SimulatedMachine _machine = new(scheduler, random.Fork(), "a");
        private readonly List<(string Id, SnapshotChecker Checker)> _snapshots = [];
        private VolumeChecker _checker = null!;
        private long _number;

        public bool HasCrashed { get; private set; }

        public async Task RunAsync(IReadOnlyList<ExhaustiveOperation> workload)
        {
            _checker = new VolumeChecker("volume", new long[SizeBytes / SectorStamp.SectorSize], () => ++_number);
            var process = _machine.Start();
            await process.RunAsync(() => LogVolume.CreateAsync(
                seams.Store(_store.For(process)), "volume", new LogVolumeFormat { SizeBytes = SizeBytes, ObjectBytes = 64 << 10 }, keys: null, Services(process), default));
            await OpenAsync(volume => DoAllAsync(volume, workload));
            _machine.Kill();
            _checker.Crash(VolumeLoss.None);
            // Where it was, and after that on a machine that knows nothing.
            await OpenAsync(volume => volume.DrainAsync(default));
            _machine.Lose();
            _checker.EndDrain(_checker.Begin());
            _checker.Crash(VolumeLoss.Machine);
            await OpenAsync(volume => volume.CloseAsync(default));
        }

        private async Task OpenAsync(Func<LogVolume, Task> work)
        {
            var process = _machine.Start();
            try
            {
                await process.RunAsync(async () =>
                {
                    var volume = await LogVolume.OpenAsync(Settings(process), default);
                    var content = new byte[volume.SizeBytes];
                    await volume.ReadAsync(0, content, default);
                    _checker.CheckRecovered(volume.SizeBytes, content);
                    foreach (var (id, checker) in _snapshots)
                    {
                        await using var snapshot = await volume.OpenSnapshotAsync(id, default);
                        var image = new byte[snapshot.SizeBytes];
                        await snapshot.ReadAsync(0, image, default);
                        checker.Check(image);
                    }
                    await work(volume);
                });
            }
            catch (ProcessKilledException)
            {
                // At the place that was asked for.
            }
            catch (LogFormatException ex)
            {
                throw new SimulationException(SimulationFailure.UnexpectedFailure, $"the volume cannot be opened any more: {ex.Message}", ex);
            }
        }

        private async Task DoAllAsync(LogVolume volume, IReadOnlyList<ExhaustiveOperation> workload)
        {
            var left = place;
            _machine.BeforeIo = _store.BeforeIo = running =>
            {
                if (running != _machine.Process || --left != 0)
                    return;
                HasCrashed = true;
                _machine.BeforeIo = _store.BeforeIo = null;
                if (loss == VolumeLoss.Power)
                    _machine.CutPower();
                else if (loss == VolumeLoss.Machine)
                    _machine.Lose();
                else
                    _machine.Kill();
                _checker.Crash(loss);
            };
            foreach (var operation in workload)
                await DoAsync(volume, operation);
            _machine.BeforeIo = _store.BeforeIo = null;
        }

        private async Task DoAsync(LogVolume volume, ExhaustiveOperation operation)
        {
            var begun = _checker.Begin();
            switch (operation)
            {
                case ExhaustiveOperation.Write:
                    await WriteAsync(volume, 0, 4096, isDurable: false);
                    break;
                case ExhaustiveOperation.WriteDurable:
                    await WriteAsync(volume, 2560, 3072, isDurable: true);
                    break;
                case ExhaustiveOperation.Flush:
                    await volume.FlushAsync(default);
                    _checker.EndFlush(begun);
                    break;
                case ExhaustiveOperation.Trim:
                    var trim = _checker.BeginWrite(3584, 1024, isZero: true);
                    await volume.TrimAsync(3584, 1024, isDurable: false, default);
                    _checker.EndWrite(trim, isDurable: false);
                    break;
                case ExhaustiveOperation.Drain:
                    await volume.DrainAsync(default);
                    _checker.EndDrain(begun);
                    break;
                case ExhaustiveOperation.Snapshot:
                    var id = $"s{_snapshots.Count}";
                    await volume.SnapshotAsync(id, default);
                    if (_machine.Process!.IsAlive)
                        _snapshots.Add((id, new SnapshotChecker(_checker, id, begun)));
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(operation), operation, "no such operation");
            }
        }

        private async Task WriteAsync(LogVolume volume, long offset, int length, bool isDurable)
        {
            var write = _checker.BeginWrite(offset, length, isZero: false);
            var data = new byte[length];
            SectorStamp.Fill(data, write.Value, offset / SectorStamp.SectorSize);
            await volume.WriteAsync(offset, data, isDurable, default);
            _checker.EndWrite(write, isDurable);
        }

        private LogVolumeSettings Settings(SimulatedProcess process) => new()
        {
            Store = seams.Store(_store.For(process)),
            Name = "volume",
            LogDirectory = seams.Directory(_machine.Disk("log").For(process)),
            Services = Services(process),
            SegmentBytes = 64 << 10,
            LogBytes = 256 << 10,
            BatchAge = TimeSpan.FromSeconds(1),
            CheckpointRecords = 2,
        };

        private LogVolumeServices Services(SimulatedProcess process) => new() { TimeProvider = process.Time, Random = random.Fork().Fill };
    }
}
