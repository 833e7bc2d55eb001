using Skep.Blocks.Log;

namespace Skep.Blocks.Simulation;

/// <summary>
/// The second copy of a log: slow at times, and failing where its session may see that. Knows what it was promised: records
/// one at a time and in order, and no flush of what it was not given.
/// </summary>
internal sealed class SimulatedReplica(SimulatedProcess process, SimulationRandom random, int failurePerMille) : IWriteAheadReplica
{
    private const int DelayPerMille = 200;
    private static readonly TimeSpan _delayMax = TimeSpan.FromMilliseconds(100);
    private ulong _last;
    private bool _isAppending;

    public async ValueTask AppendAsync(ulong sequence, IReadOnlyList<ReadOnlyMemory<byte>> record, CancellationToken ct)
    {
        if (_isAppending || (_last != 0 && sequence != _last + 1))
            process.Scheduler.Fail(new SimulationException(SimulationFailure.WrongData, $"the replica got record {sequence} after {_last}{(_isAppending ? ", which is still under way" : "")}"));
        _isAppending = true;
        await AnswerAsync($"record {sequence}", ct);
        (_isAppending, _last) = (false, sequence);
    }

    public async ValueTask FlushAsync(ulong sequence, CancellationToken ct)
    {
        if (_last != 0 && sequence > _last)
            process.Scheduler.Fail(new SimulationException(SimulationFailure.WrongData, $"the replica was to flush record {sequence} and has {_last}"));
        await AnswerAsync($"flush {sequence}", ct);
    }

    public void Release(ulong sequence)
    {
        if (_last != 0 && sequence > _last)
            process.Scheduler.Fail(new SimulationException(SimulationFailure.WrongData, $"the replica was to release record {sequence} and has {_last}"));
    }

    private async ValueTask AnswerAsync(string what, CancellationToken ct)
    {
        if (random.Chance(DelayPerMille))
            await Task.Delay(random.Time(_delayMax), process.Time, ct);
        if (random.Chance(failurePerMille))
            throw new TimeoutException($"simulated replica: no answer to {what}");
    }
}
