using Skep.Blocks.Simulation;

namespace Skep.Blocks.Tests.Simulation;

public sealed class LogVolumeSimulationTests
{
    private const int Operations = 40;
    private const ulong SeedsTo = 1_500;
    private const ulong BrokenSeedsTo = 150;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_promise_is_kept_in_many_histories()
    {
        var failures = new List<string>();
        var campaign = new SimulationCampaign(seed => Run(seed), threadCount: 2);
        await campaign.RunAsync(
            1,
            SeedsTo,
            outcome =>
            {
                if (outcome.Failure is not null)
                    failures.Add(outcome.ToString());
                return failures.Count < 5;
            },
            Ct);
        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
    }

    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 60)]
    [InlineData(77, 200)]
    public void One_seed_is_one_history(ulong seed, int operations)
    {
        var lines = new List<string>();
        var first = LogVolumeSimulation.Run(new SimulationRun { Seed = seed, OperationCount = operations, Trace = lines.Add });
        var second = LogVolumeSimulation.Run(new SimulationRun { Seed = seed, OperationCount = operations });
        Assert.Equal((first.Digest, first.EventCount, first.VirtualTime), (second.Digest, second.EventCount, second.VirtualTime));
        Assert.NotEmpty(lines);
        Assert.NotEqual(first.Digest, LogVolumeSimulation.Run(new SimulationRun { Seed = seed + 1, OperationCount = operations }).Digest);
    }

    /// <summary>Histories that once failed, each by a defect of its own. What the simulation has learnt since may have changed some of them.</summary>
    [Theory]
    [InlineData(242, 60, "a write that waited for room was told of a cancellation when the volume was taken")]
    [InlineData(11627, 40, "a log segment whose maker was killed before it had synced the directory was used, flushed, and lost with the power")]
    [InlineData(1433, 40, "a stale list left a gap in the log, which an opener with an old hint took for the log's end")]
    [InlineData(3434, 40, "late requests brought back a record and the hint that led to it, and the volume was as it had been long before")]
    [InlineData(247, 60, "the saved state of a snapshot came after the snapshot's deletion and stayed for ever")]
    [InlineData(2504, 40, "what a killed writer had left in the page cache was called durable at once, lost with the power, and its loss taken for damage")]
    [InlineData(1193, 40, "a record's appending began anew with each failure of a store that failed often, and writes waited for ten minutes")]
    [InlineData(611, 40, "a replica noted as flushed what the local log had not synced, and brought it back after the loss of both")]
    [InlineData(2983, 60, "whoever asked for a collection was told of a cancelled task when another writer took the volume")]
    [InlineData(1672, 60, "a segment without space of its own was made and given up again and again")]
    public void What_once_failed_does_not_fail_again(ulong seed, int operations, string defect)
    {
        var outcome = LogVolumeSimulation.Run(new SimulationRun { Seed = seed, OperationCount = operations });
        Assert.True(outcome.Failure is null, $"{defect}: {outcome}");
    }

    [Fact]
    public void A_flush_that_does_not_sync_is_found() => Finds(BrokenSeams.SyncDoesNothing, SimulationFailure.WrongData);

    [Fact]
    public void A_segment_whose_name_is_not_durable_is_found() => Finds(BrokenSeams.DirectorySyncDoesNothing, SimulationFailure.WrongData);

    /// <summary>The keeper of the log's copy says that a flush is durable, and loses it with its power.</summary>
    [Fact]
    public void A_replica_that_does_not_sync_is_found() =>
        Finds(BrokenSeams.ReplicaSyncDoesNothing, SimulationFailure.WrongData, operations: 60, seedsTo: 1000);

    [Fact]
    public void A_torn_record_that_is_replayed_is_found() => Finds(BrokenSeams.TornRecordsAreWhole, SimulationFailure.WrongData, operations: 200, seedsTo: 150);

    [Fact]
    public void A_write_that_is_only_half_done_when_acknowledged_is_found() => Finds(BrokenSeams.WritesAreHalfDone, SimulationFailure.WrongData);

    [Fact]
    public void A_writer_that_cannot_be_fenced_is_found() => Finds(BrokenSeams.FencingDoesNothing);

    [Fact]
    public void A_drain_without_its_data_is_found() => Finds(BrokenSeams.DataIsNotStored);

    [Fact]
    public void A_deleted_object_of_a_snapshot_is_found() => Finds(BrokenSeams.SnapshotObjectIsDeleted);

    [Fact]
    public void Objects_that_are_never_deleted_are_found() => Finds(BrokenSeams.GarbageStays, SimulationFailure.Garbage);

    // The other half of proving that a test can fail: short reads that are filled up are no harm, for every byte is checksummed.
    [Fact]
    public void A_short_read_filled_with_zeroes_never_reaches_a_reader()
    {
        for (ulong seed = 1; seed <= BrokenSeedsTo; seed++)
            Assert.NotEqual(SimulationFailure.WrongData, Run(seed, BrokenSeams.ShortReadsAreFilled).Failure?.Failure);
    }

    private static SimulationOutcome Run(ulong seed, SimulationSeams? seams = null, int operations = Operations) =>
        LogVolumeSimulation.Run(new SimulationRun { Seed = seed, OperationCount = operations }, seams ?? new SimulationSeams());

    private static void Finds(SimulationSeams seams, SimulationFailure? expected = null, int operations = Operations, ulong seedsTo = BrokenSeedsTo)
    {
        var others = new SortedSet<string>();
        for (ulong seed = 1; seed <= seedsTo; seed++)
        {
            var outcome = Run(seed, seams, operations);
            if (outcome.Failure is null)
                continue;
            if (expected is null || outcome.Failure.Failure == expected)
                return;
            others.Add($"{outcome.Failure.Failure}: {outcome.Failure.Message}");
        }
        Assert.Fail($"nothing was found in {seedsTo} seeds{(others.Count > 0 ? $" but {string.Join("; ", others.Take(5))}" : "")}");
    }
}
