using Skep.Blocks.Files;
using Skep.Blocks.Log.Replication;

namespace Skep.Blocks.Simulation;

/// <summary>The network between volumes and the keeper of their logs' copies, and the keeper on a machine of its own.</summary>
internal sealed class SimulatedNetwork(SimulatedScheduler scheduler, SimulationRandom random, SimulatedMachine machine)
{
    private const long CopiesBytesMax = 16 << 20;
    private static readonly TimeSpan _restartMax = TimeSpan.FromMinutes(1);

    private ReplicaServer? _server;

    public SimulatedScheduler Scheduler => scheduler;

    public SimulationRandom Random => random;

    /// <summary>The longest time that something is on its way.</summary>
    public TimeSpan LatencyMax { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Writes with which a connection breaks.</summary>
    public int BrokenPerMille { get; set; }

    /// <summary>Writes of which a bit flips.</summary>
    public int DamagedPerMille { get; set; }

    /// <summary>Nothing gets through.</summary>
    public bool IsOut { get; set; }

    /// <summary>The clock of whoever runs.</summary>
    public static TimeProvider TimeHere => ((SimulatedProcess)SynchronizationContext.Current!).Time;

    /// <summary>Wraps the directory of the copies.</summary>
    public Func<IBlockDirectory, IBlockDirectory> Directory { get; init; } = directory => directory;

    /// <summary>Starts the keeper.</summary>
    public void Start()
    {
        var process = machine.Start();
        _ = ObserveAsync(process.RunAsync(async () =>
        {
            var directory = Directory(machine.Disk("replica").For(process));
            while (true)
            {
                try
                {
                    var server = await ReplicaServer.OpenAsync(directory, CopiesBytesMax, process.Time, text => scheduler.Trace.Say($"{process.Name}: {text}"), default);
                    if (process.IsAlive)
                        _server = server;
                    return;
                }
                catch (IOException ex)
                {
                    scheduler.Trace.Say($"{process.Name}: {ex.Message}");
                }
                await Task.Delay(random.Time(_restartMax), process.Time);
            }
        }));
    }

    /// <summary>Ends the keeper, and starts it again some time later.</summary>
    /// <param name="isPowerCut">Whether what it had not made durable is lost.</param>
    public void Crash(bool isPowerCut)
    {
        scheduler.Trace.Say($"{machine.Name}: the keeper {(isPowerCut ? "loses its power" : "is killed")}");
        _server = null;
        if (isPowerCut)
            machine.CutPower();
        else
            machine.Kill();
        scheduler.After(random.Time(_restartMax), () =>
        {
            if (machine.Process is { IsAlive: false })
                Start();
        });
    }

    /// <summary>The way of a process to the keeper.</summary>
    public IReplicaConnector For(SimulatedProcess process) => new Connector(this, process);

    private async Task<Stream> ConnectAsync(SimulatedProcess process, CancellationToken ct)
    {
        scheduler.CheckThread("connect");
        await Task.Delay(random.Time(LatencyMax), process.Time, ct);
        if (IsOut || _server is not { } server || random.Chance(BrokenPerMille))
            throw new IOException("simulated network: nobody answers");
        var (client, end) = SimulatedStream.Pair(this);
        var keeper = machine.Process!;
        _ = ObserveAsync(keeper.RunAsync(async () =>
        {
            await using var stream = end;
            if (await server.ServeAsync(stream, default) is { } refused)
                scheduler.Trace.Say($"{keeper.Name}: refused: {refused}");
        }));
        return client;
    }

    private async Task ObserveAsync(Task running)
    {
        try
        {
            await running;
        }
        catch (ProcessKilledException)
        {
            // Whoever was connected hears nothing more.
        }
        catch (Exception ex)
        {
            scheduler.Fail(ex as SimulationException ?? new SimulationException(SimulationFailure.Crash, $"the keeper: {ex.GetType().Name}: {ex.Message}", ex));
        }
    }

    private sealed class Connector(SimulatedNetwork network, SimulatedProcess process) : IReplicaConnector
    {
        public string Name => "simulated keeper";

        public Task<Stream> ConnectAsync(CancellationToken ct) => network.ConnectAsync(process, ct);
    }
}
