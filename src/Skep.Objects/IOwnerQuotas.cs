namespace Skep.Objects;

/// <summary>Limits what all buckets of an owner hold together. Of backends that can: each write is decided by it, like by the bucket's own quota.</summary>
public interface IOwnerQuotas
{
    /// <summary>Limits an owner; what its buckets hold already may be more.</summary>
    ValueTask SetOwnerQuotaAsync(string owner, BucketQuota quota, CancellationToken ct);

    /// <summary>What an owner may hold and holds, exactly.</summary>
    ValueTask<OwnerInfo> HeadOwnerAsync(string owner, CancellationToken ct);
}

/// <summary>An owner of buckets.</summary>
/// <param name="Quota">What all its buckets may hold together.</param>
/// <param name="Usage">What they hold.</param>
/// <param name="Buckets">How many they are.</param>
public sealed record OwnerInfo(BucketQuota Quota, BucketUsage Usage, long Buckets);
