using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>The rules of kind SnapshotVerification.</summary>
internal static class SnapshotVerificationRules
{
    public static IEnumerable<FieldError> Validate(SnapshotVerification value, SnapshotVerification? old)
    {
        if (value.Spec.SnapshotId.Length == 0)
            yield return new("spec.snapshotId", FieldErrorReason.Required, "the snapshot that is verified");
        if (old is not null && old.Spec.SnapshotId != value.Spec.SnapshotId)
            yield return new("spec.snapshotId", FieldErrorReason.Forbidden, "a verification is of one snapshot; make another one");
    }
}
