using Skep.Blocks.Simulation;

namespace Skep.Blocks.Tests.Simulation;

public sealed class LogVolumeExhaustionTests
{
    /// <summary>Three are for a quiet machine: each more takes six times as long.</summary>
    private const int OperationsMax = 2;

    [Fact]
    public void All_workloads_of_some_operations_are_6_to_the_power_of_each_length() =>
        Assert.Equal(6 + 36 + 216, LogVolumeExhaustion.Workloads(3).Distinct().Count());

    [Theory]
    [InlineData(VolumeLoss.Process)]
    [InlineData(VolumeLoss.Power)]
    [InlineData(VolumeLoss.Machine)]
    public void No_crash_anywhere_breaks_a_promise(VolumeLoss loss)
    {
        foreach (var workload in LogVolumeExhaustion.Workloads(OperationsMax))
        {
            var (places, failures) = LogVolumeExhaustion.Run(workload, loss);
            Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
            Assert.True(places > 0 || workload.All(operation => operation is ExhaustiveOperation.Flush or ExhaustiveOperation.Drain), string.Join(", ", workload));
        }
    }

    [Fact]
    public void A_flush_that_does_not_sync_is_found()
    {
        var workload = new[] { ExhaustiveOperation.Write, ExhaustiveOperation.Flush, ExhaustiveOperation.Snapshot };
        Assert.NotEmpty(LogVolumeExhaustion.Run(workload, VolumeLoss.Power, BrokenSeams.SyncDoesNothing).Failures);
    }
}
