using System.CommandLine;
using Skep.Blocks.Simulation;
using Skep.Cli.Terminal;

namespace Skep.Cli.Blocks;

/// <summary><c>skep blocks simulate</c>.</summary>
internal static class SimulateCommand
{
    private const string LogEngine = "log";
    private const string ChunksEngine = "chunks";
    private const int OperationsDefault = 60;

    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var seeds = new Option<SeedRange>("--seeds", "--seed")
        {
            Description = "The seeds to run, both ends included. Each decides one history: its workload, its order, its faults and crashes.",
            HelpName = "FROM..TO",
            CustomParser = SeedRange.Parse,
            DefaultValueFactory = _ => new SeedRange(1, 1000),
        };
        var operations = new Option<int>("--operations")
        {
            Description = $"About how many operations each history has (default: {OperationsDefault}). It is part of what a seed means.",
            HelpName = "N",
            DefaultValueFactory = _ => OperationsDefault,
        };
        operations.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--operations must be at least 1");
        });
        var engine = new Option<string>("--engine")
        {
            Description = "What to simulate: log (volumes in an object store) or chunks (snapshots in a chunk store).",
            HelpName = "NAME",
            DefaultValueFactory = _ => LogEngine,
        };
        engine.AcceptOnlyFromAmong(LogEngine, ChunksEngine);
        var stop = new Option<bool>("--stop-on-first") { Description = "Stop at the first seed that fails." };
        var trace = new Option<bool>("--trace") { Description = "Print every event of one seed." };
        var verb = new Verb(
            "simulate",
            "Run the block engine on simulated disks, stores and clocks, with crashes and faults, and check every byte it returns. "
            + "Prints one line for every seed that breaks a promise, with the digest of its trace, and exits with 1 if any does.",
            "skep blocks simulate --seeds 1..10000",
            "skep blocks simulate --seed 4711 --trace     # what happened in one history")
        {
            seeds,
            operations,
            engine,
            stop,
            trace,
        };
        verb.Validators.Add(result =>
        {
            if (result.GetValue(trace) && result.GetResult(seeds) is not { Implicit: false })
                result.AddError("--trace prints one seed: say which with --seed N");
        });
        verb.SetAction((parsed, ct) =>
        {
            var range = parsed.GetValue(seeds);
            if (parsed.GetValue(trace) && range.Count != 1)
                throw new CliException($"--trace prints one seed, not {range.Count}", ExitCode.Usage);
            var count = parsed.GetValue(operations);
            Func<SimulationRun, SimulationOutcome> simulate = parsed.GetValue(engine) == ChunksEngine ? ChunkStoreSimulation.Run : LogVolumeSimulation.Run;
            return parsed.GetValue(trace)
                ? TraceAsync(context, simulate, new SimulationRun { Seed = range.From, OperationCount = count, Trace = context.Out.WriteLine })
                : RunAsync(context, simulate, range, count, parsed.GetValue(stop), ct);
        });
        return verb;
    }

    private static async Task<int> TraceAsync(CliContext context, Func<SimulationRun, SimulationOutcome> simulate, SimulationRun run)
    {
        var outcome = simulate(run);
        await context.Out.WriteLineAsync(outcome.ToString());
        return outcome.Failure is null ? ExitCode.Success : ExitCode.Failure;
    }

    private static async Task<int> RunAsync(
        CliContext context, Func<SimulationRun, SimulationOutcome> simulate, SeedRange range, int operations, bool stopsOnFirst, CancellationToken ct)
    {
        var (done, failed) = (0UL, 0UL);
        var started = context.Time.GetTimestamp();
        var campaign = new SimulationCampaign(
            seed => simulate(new SimulationRun { Seed = seed, OperationCount = operations }), Environment.ProcessorCount);
        await using var progress = ProgressLine.Start(context.Error, context.Style, context.Time, $"simulating {range.Count} seeds");
        await campaign.RunAsync(range.From, range.To, Take, ct);
        var summary = $"{done} seeds, {failed} failed, {Rate():0} seeds/s";
        if (failed == 0)
            progress.Done(summary);
        else
            await context.Error.WriteLineAsync(summary);
        return failed == 0 ? ExitCode.Success : ExitCode.Failure;

        bool Take(SimulationOutcome outcome)
        {
            done++;
            if (outcome.Failure is not null)
            {
                failed++;
                context.Out.WriteLine(outcome.ToString());
                context.Out.Flush();
            }
            if (context.Style.IsTerminal)
                progress.Report($"{done} done, {failed} failed, {Rate():0} seeds/s", (double)done / range.Count);
            return outcome.Failure is null || !stopsOnFirst;
        }

        double Rate() => done / Math.Max(0.001, context.Time.GetElapsedTime(started).TotalSeconds);
    }
}
