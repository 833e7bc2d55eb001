using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Objects;
using Skep.S3.Kinds;

namespace Skep.S3.Quotas;

/// <summary>Tells the store what buckets and accounts may hold, and says in the resources what they do hold.</summary>
internal sealed class QuotaAgent(ResourceClient client, ObjectStoreHost host) : IReconciler
{
    private const string Active = "active";
    private const string Failed = "error";

    private static readonly TimeSpan _period = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public string Name => "quota-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [S3Kinds.ObjectQuota.GroupResource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) => [changed.Key];

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (client.View.Get(key)?.View(S3Kinds.ObjectQuota) is not { } quota)
            return null;
        if (quota.Metadata.DeletionTimestamp is not null)
        {
            await ApplyAsync(quota, default, ct);
            await client.ModifyAsync(S3Kinds.ObjectQuota, key, q => q.Metadata.Finalizers?.Remove(ObjectQuota.Finalizer) is true, ct);
            return null;
        }

        if (quota.Metadata.Finalizers?.Contains(ObjectQuota.Finalizer) is not true)
        {
            await client.ModifyAsync(S3Kinds.ObjectQuota, key, q =>
            {
                (q.Metadata.Finalizers ??= []).Add(ObjectQuota.Finalizer);
                return true;
            }, ct);
            return null; // the change brings us back
        }

        var status = await ApplyAsync(quota, new BucketQuota(quota.Spec.BytesMax, quota.Spec.ObjectsMax), ct);
        status.ObservedGeneration = quota.Metadata.Generation;
        await client.ModifyAsync(S3Kinds.ObjectQuota, key, q =>
        {
            if (q.Status is { } old && (old.State, old.Message, old.ObservedGeneration, old.Bytes, old.Objects) == (status.State, status.Message, status.ObservedGeneration, status.Bytes, status.Objects))
                return false;
            q.Status = status;
            return true;
        }, ct);
        return _period;
    }

    /// <summary>Sets the limit where it is another, and looks at what is held.</summary>
    private async Task<ObjectQuotaStatus> ApplyAsync(ObjectQuota quota, BucketQuota limit, CancellationToken ct)
    {
        if (client.View.List(CoreKinds.Account, ns: null).FirstOrDefault(a => a.Spec.Namespace == quota.Metadata.Namespace)?.Spec.AccountId is not { } account)
            return Error($"namespace {quota.Metadata.Namespace} belongs to no account");
        try
        {
            return quota.Spec.Bucket is { } bucket ? await ApplyBucketAsync(bucket, account, limit, ct) : await ApplyOwnerAsync(account, limit, ct);
        }
        catch (ObjectException ex)
        {
            return Error(ex.Message);
        }
    }

    private async Task<ObjectQuotaStatus> ApplyBucketAsync(string bucket, string account, BucketQuota limit, CancellationToken ct)
    {
        var info = await host.Backend.HeadBucketAsync(bucket, ct);
        if (info.Owner != account)
            return Error($"bucket {bucket} belongs to another account");
        if (info.Quota != limit)
            await host.Backend.SetQuotaAsync(bucket, limit, ct);
        return Held(info.Usage);
    }

    private async Task<ObjectQuotaStatus> ApplyOwnerAsync(string account, BucketQuota limit, CancellationToken ct)
    {
        if (host.Backend is not IOwnerQuotas quotas)
            return Error("this object store cannot limit accounts");
        var info = await quotas.HeadOwnerAsync(account, ct);
        if (info.Quota != limit)
            await quotas.SetOwnerQuotaAsync(account, limit, ct);
        return Held(info.Usage);
    }

    private static ObjectQuotaStatus Held(BucketUsage usage) => new() { State = Active, Bytes = usage.Bytes + usage.UploadBytes, Objects = usage.Objects };

    private static ObjectQuotaStatus Error(string message) => new() { State = Failed, Message = message };
}
