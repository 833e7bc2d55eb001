using Skep.Blocks.Simulation;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Simulation;

public sealed class ChunkStoreSimulationTests
{
    private const int Operations = 40;
    private const ulong SeedsTo = 30;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_promise_is_kept_in_many_histories()
    {
        var failures = new List<string>();
        var campaign = new SimulationCampaign(seed => Run(seed, Operations, new SimulationSeams()), threadCount: 2);
        await campaign.RunAsync(
            1,
            SeedsTo,
            outcome =>
            {
                if (outcome.Failure is not null)
                    failures.Add(outcome.ToString());
                return true;
            },
            Ct);
        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
    }

    [Fact]
    public void One_seed_is_one_history() =>
        Assert.Equal(Run(3, Operations, new SimulationSeams()).Digest, Run(3, Operations, new SimulationSeams()).Digest);

    /// <summary>Histories that once failed, each by a defect of its own.</summary>
    [Theory]
    [InlineData(54, "a late request of its completion brought a deleted snapshot back")]
    [InlineData(97, "a part that a late request brought back stayed for ever")]
    public void What_once_failed_does_not_fail_again(ulong seed, string defect)
    {
        var outcome = Run(seed, operations: 60, new SimulationSeams());
        Assert.True(outcome.Failure is null, $"{defect}: {outcome}");
    }

    [Fact]
    public void A_pack_that_is_not_stored_is_found()
    {
        var seams = new SimulationSeams { Store = store => new LosingStore(store) };
        Assert.Contains(Enumerable.Range(1, 10), seed => Run((ulong)seed, Operations, seams).Failure is not null);
    }

    private static SimulationOutcome Run(ulong seed, int operations, SimulationSeams seams) =>
        ChunkStoreSimulation.Run(new SimulationRun { Seed = seed, OperationCount = operations }, seams);

    private sealed class LosingStore(IObjectStore inner) : PassThroughStore(inner)
    {
        public override async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct) =>
            key.StartsWith("packs/", StringComparison.Ordinal) || await Inner.PutAsync(key, parts, condition, ct);
    }
}
