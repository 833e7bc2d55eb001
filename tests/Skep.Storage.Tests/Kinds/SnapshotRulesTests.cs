using Skep.Core.Resources;
using Skep.Storage.Kinds;

namespace Skep.Storage.Tests.Kinds;

public sealed class SnapshotRulesTests
{
    [Theory]
    [InlineData("spec.volumeSizeGib", 0, "volume", "vol-1", "standard", null)]
    [InlineData("spec.volumeSizeGib", 16_385, "volume", "vol-1", "standard", null)]
    [InlineData("spec.volumeId", 1, "volume", null, "standard", null)]
    [InlineData("spec.sourceSnapshotId", 1, "copy", null, "standard", null)]
    [InlineData("spec.source", 1, "tape", null, "standard", null)]
    [InlineData("spec.storageTier", 1, "direct", null, "glacier", null)]
    [InlineData("spec.timeoutMinutes", 1, "direct", null, "standard", 9)]
    [InlineData("spec.timeoutMinutes", 1, "direct", null, "standard", 4_321)]
    public void Names_the_field_that_is_wrong(string field, long sizeGib, string source, string? volumeId, string tier, int? timeoutMinutes)
    {
        var snapshot = new Snapshot { Spec = { VolumeSizeGib = sizeGib, Source = source, VolumeId = volumeId, StorageTier = tier, TimeoutMinutes = timeoutMinutes } };
        Assert.Equal([field], SnapshotRules.Validate(snapshot, old: null).Select(e => e.Field));
    }

    [Theory]
    [InlineData("123456789012", null, true)]
    [InlineData(null, "all", true)]
    [InlineData(null, "some", false)]
    [InlineData("123456789012", "all", false)]
    [InlineData(null, null, false)]
    public void A_permission_is_an_account_or_everybody(string? userId, string? group, bool isValid)
    {
        var snapshot = Direct();
        snapshot.Spec.CreateVolumePermissions = [new CreateVolumePermission { UserId = userId, Group = group }];
        Assert.Equal(isValid, !SnapshotRules.Validate(snapshot, old: null).Any());
    }

    [Fact]
    public void What_a_snapshot_is_made_from_cannot_be_changed()
    {
        var changed = Direct();
        changed.Spec.Source = SnapshotSource.Volume;
        changed.Spec.VolumeId = "vol-2";
        changed.Spec.VolumeSizeGib = 2;
        changed.Spec.Encrypted = true;
        var old = Direct();
        old.Spec.Sealed = true;
        var errors = SnapshotRules.Validate(changed, old).ToList();
        Assert.Equal(["spec.source", "spec.volumeSizeGib", "spec.encrypted", "spec.sealed"], errors.Select(e => e.Field));
        Assert.All(errors, e => Assert.Equal(FieldErrorReason.Forbidden, e.Reason));
    }

    [Fact]
    public void A_good_one_passes() => Assert.Empty(SnapshotRules.Validate(Direct(), Direct()));

    private static Snapshot Direct() => new() { Spec = { VolumeSizeGib = 1, Source = SnapshotSource.Direct, TimeoutMinutes = 60 } };
}
