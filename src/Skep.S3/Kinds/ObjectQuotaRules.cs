using Skep.Core.Resources;

namespace Skep.S3.Kinds;

/// <summary>The rules of kind ObjectQuota.</summary>
internal static class ObjectQuotaRules
{
    public static IEnumerable<FieldError> Validate(ObjectQuota value, ObjectQuota? old)
    {
        var spec = value.Spec;
        // One quota a bucket: two would contradict each other.
        if (value.Metadata.Name != ObjectQuota.NameOf(spec.Bucket))
            yield return new("metadata.name", FieldErrorReason.Invalid, $"the quota is named \"{ObjectQuota.NameOf(spec.Bucket)}\", after what it limits");
        if (spec.Bucket is { } bucket && !Buckets.BucketName.IsValid(bucket))
            yield return new("spec.bucket", FieldErrorReason.Invalid, $"\"{bucket}\" is no name of a bucket");
        if (spec.BytesMax < 0)
            yield return new("spec.bytesMax", FieldErrorReason.Invalid, $"0 or more, not {spec.BytesMax}");
        if (spec.ObjectsMax < 0)
            yield return new("spec.objectsMax", FieldErrorReason.Invalid, $"0 or more, not {spec.ObjectsMax}");
    }
}
