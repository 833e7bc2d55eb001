using Skep.Core.Resources;
using Skep.Storage.Kinds;

namespace Skep.Storage.Tests.Kinds;

public sealed class VolumeRulesTests
{
    [Theory]
    [InlineData("gp3", 1, null, null)]
    [InlineData("gp3", 16_384, 16_000, 1_000)]
    [InlineData("gp3", 1, 3_000, 125)]
    [InlineData("gp2", 1, null, null)]
    [InlineData("io1", 4, 200, null)]
    [InlineData("io2", 16_384, 256_000, null)]
    [InlineData("st1", 125, null, null)]
    [InlineData("standard", 1_024, null, null)]
    public void Takes_volumes_at_their_limits(string type, long sizeGib, int? iops, int? throughput) =>
        Assert.Empty(Validate(type, sizeGib, iops, throughput));

    [Theory]
    [InlineData("ssd", 8, null, null, "spec.volumeType")]
    [InlineData("gp3", 0, null, null, "spec.sizeGib")]
    [InlineData("gp3", -1, null, null, "spec.sizeGib")]
    [InlineData("gp3", 16_385, null, null, "spec.sizeGib")]
    [InlineData("io1", 3, 100, null, "spec.sizeGib")]
    [InlineData("sc1", 124, null, null, "spec.sizeGib")]
    [InlineData("standard", 1_025, null, null, "spec.sizeGib")]
    [InlineData("gp3", 100, 2_999, null, "spec.iops")]
    [InlineData("gp3", 100, 16_001, null, "spec.iops")]
    [InlineData("gp3", 8, 4_001, null, "spec.iops")]
    [InlineData("io1", 10, 501, null, "spec.iops")]
    [InlineData("io1", 10, null, null, "spec.iops")]
    [InlineData("gp2", 10, 300, null, "spec.iops")]
    [InlineData("gp3", 10, null, 124, "spec.throughput")]
    [InlineData("gp3", 10, null, 1_001, "spec.throughput")]
    [InlineData("gp2", 10, null, 125, "spec.throughput")]
    public void Refuses_what_ebs_does_not_have(string type, long sizeGib, int? iops, int? throughput, string field) =>
        Assert.Equal(field, Assert.Single(Validate(type, sizeGib, iops, throughput)).Field);

    [Fact]
    public void A_volume_only_grows_and_keeps_its_origin()
    {
        var old = Make("gp3", 8, null, null);
        old.Spec.ImageId = "ami-1";
        var smaller = Make("gp3", 7, null, null);
        smaller.Spec.ImageId = "ami-2";
        Assert.Equal(["spec.sizeGib", "spec.imageId"], StorageKinds.Volume.Validate!(smaller, old).Select(e => e.Field));
    }

    private static List<FieldError> Validate(string type, long sizeGib, int? iops, int? throughput) =>
        [.. StorageKinds.Volume.Validate!(Make(type, sizeGib, iops, throughput), null)];

    private static Volume Make(string type, long sizeGib, int? iops, int? throughput) =>
        new() { Spec = { VolumeType = type, SizeGib = sizeGib, Iops = iops, Throughput = throughput } };
}
