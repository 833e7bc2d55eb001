using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.S3.Kinds;

/// <summary>What a bucket may hold, or all buckets of an account together. Decided at each write; what is there already may be more.</summary>
public sealed class ObjectQuota : ResourceObject
{
    /// <summary>The name of an account's quota; that of a bucket's is <see cref="NameOf"/>.</summary>
    public const string AccountName = "account";

    /// <summary>Held while the limit counts in the store.</summary>
    public const string Finalizer = "s3.skep.dev/quota";

    public ObjectQuotaSpec Spec { get; set; } = new();
    public ObjectQuotaStatus? Status { get; set; }

    /// <summary>The name of a bucket's quota, of which there can be only one; an account's for null.</summary>
    public static string NameOf(string? bucket) => bucket is null ? AccountName : $"bucket.{bucket}";
}

/// <summary>The limits.</summary>
public sealed class ObjectQuotaSpec : OpenObject
{
    [Description("The bucket; absent for all buckets of the namespace's account together.")]
    public string? Bucket { get; set; }

    [Description("Bytes of all versions and of parts of uploads. Absent for no limit.")]
    public long? BytesMax { get; set; }

    [Description("Versions, without delete markers. Absent for no limit.")]
    public long? ObjectsMax { get; set; }
}

/// <summary>What is held.</summary>
public sealed class ObjectQuotaStatus : OpenObject
{
    [Description("active, or error while the limit does not count.")]
    public string State { get; set; } = "";
    public string? Message { get; set; }

    [Description("The generation of the spec that counts.")]
    public long? ObservedGeneration { get; set; }

    [Description("Bytes of all versions and of parts of uploads, when it was looked at last.")]
    public long? Bytes { get; set; }

    [Description("Versions, without delete markers, when it was looked at last.")]
    public long? Objects { get; set; }
}
