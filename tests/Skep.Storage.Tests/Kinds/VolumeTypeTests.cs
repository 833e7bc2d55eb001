using Skep.Storage.Kinds;

namespace Skep.Storage.Tests.Kinds;

/// <summary>The limits of types at sizes for which the EBS user guide gives figures.</summary>
public sealed class VolumeTypeTests
{
    private const long MiB = 1L << 20;

    [Theory]
    [InlineData(1, 100)]
    [InlineData(33, 100)]
    [InlineData(100, 300)]
    [InlineData(1_000, 3_000)]
    [InlineData(5_334, 16_000)]
    [InlineData(16_384, 16_000)]
    public void Gp2_has_three_operations_for_each_GiB(long sizeGib, int iops)
    {
        var limits = Limits("gp2", sizeGib);
        Assert.Equal(iops, limits.Iops);
        Assert.Equal(iops < 3_000 ? 3_000 : null, limits.IopsBurst);
        Assert.Equal(sizeGib <= 170 ? 128 * MiB : 250 * MiB, limits.BytesPerSecond);
    }

    [Fact]
    public void A_full_bucket_of_gp2_lasts_as_long_as_EBS_says()
    {
        Assert.Equal(1_862, Limits("gp2", 8).IopsBurstSeconds); // "30 minutes" and a little, by 5.4 million credits
        Assert.Equal(2_000, Limits("gp2", 100).IopsBurstSeconds);
    }

    [Theory]
    [InlineData("gp3", 100, 3_000, 125, 3_000, 125)]
    [InlineData("gp3", 100, 16_000, 1_000, 16_000, 1_000)]
    [InlineData("io1", 100, 1_000, null, 1_000, 250)]
    [InlineData("io1", 1_280, 2_000, null, 2_000, 500)]
    [InlineData("io1", 1_280, 64_000, null, 64_000, 1_000)]
    [InlineData("io2", 300, 256_000, null, 256_000, 4_000)]
    [InlineData("standard", 300, null, null, 200, 90)]
    public void Others_have_what_was_chosen(string type, long sizeGib, int? iops, int? throughput, int iopsLimit, int mibps)
    {
        var limits = VolumeType.Find(type)!.LimitsOf(sizeGib, iops, throughput);
        Assert.Equal((iopsLimit, mibps * MiB, null, null), (limits.Iops, limits.BytesPerSecond, limits.IopsBurst, limits.BytesBurst));
    }

    [Theory]
    [InlineData("st1", 1_024, 40, 250)]
    [InlineData("st1", 2_048, 80, 500)]
    [InlineData("st1", 16_384, 500, null)]
    [InlineData("sc1", 1_024, 12, 80)]
    [InlineData("sc1", 16_384, 192, 250)]
    public void Hard_disks_burst_by_their_size(string type, long sizeGib, int mibps, int? burst)
    {
        var limits = Limits(type, sizeGib);
        Assert.Equal((mibps * MiB, burst * MiB), (limits.BytesPerSecond, limits.BytesBurst));
        if (burst is not null) // a bucket of a byte for each byte
            Assert.Equal((double)(sizeGib << 30) / ((burst.Value - mibps) * MiB), limits.BytesBurstSeconds!.Value, 1.0);
    }

    private static VolumeLimits Limits(string type, long sizeGib) => VolumeType.Find(type)!.LimitsOf(sizeGib, null, null);
}
