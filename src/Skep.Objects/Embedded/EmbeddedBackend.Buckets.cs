using Skep.Objects.Rules;

namespace Skep.Objects.Embedded;

public sealed partial class EmbeddedBackend
{
    /// <inheritdoc/>
    public ValueTask<BucketInfo> CreateBucketAsync(string bucket, string owner, CancellationToken ct)
    {
        Keys.CheckName(bucket, "the bucket's name");
        return ChangeAsync($"making bucket {bucket}", needsSpace: true, scope =>
        {
            if (BucketTable.Find(scope.Db, bucket) is not null)
                throw new ObjectException(ObjectError.BucketExists, $"bucket {bucket} exists");
            var info = new BucketInfo { Name = bucket, Owner = owner, Created = scope.Now, Versioning = VersioningState.None, Quota = default, Usage = default };
            BucketTable.Insert(scope.Db, info);
            return info;
        }, ct);
    }

    /// <inheritdoc/>
    public ValueTask<BucketInfo> HeadBucketAsync(string bucket, CancellationToken ct) =>
        ReadAsync(db => BucketTable.Get(db, bucket).Info, ct);

    /// <inheritdoc/>
    public async ValueTask DeleteBucketAsync(string bucket, CancellationToken ct) =>
        await ChangeAsync($"deleting bucket {bucket}", needsSpace: false, scope =>
        {
            var row = scope.Bucket(bucket);
            if (!BucketTable.IsEmpty(scope.Db, row.Id))
                throw new ObjectException(ObjectError.BucketNotEmpty, $"bucket {bucket} is not empty: it has objects, versions, delete markers or uploads");
            scope.Forget(bucket);
            BucketTable.Delete(scope.Db, row.Id);
            return true;
        }, ct);

    /// <inheritdoc/>
    public async ValueTask<BucketPage> ListBucketsAsync(ListBucketsRequest request, CancellationToken ct)
    {
        var found = await ReadAsync(db => BucketTable.List(db, request, request.Max + 1), ct);
        return new BucketPage([.. found.Take(request.Max).Select(b => b.Info)], found.Count > request.Max);
    }

    /// <inheritdoc/>
    public ValueTask SetVersioningAsync(string bucket, VersioningState versioning, CancellationToken ct) =>
        ChangeBucketAsync(bucket, (scope, id) => BucketTable.SetVersioning(scope.Db, id, versioning), ct);

    /// <inheritdoc/>
    public ValueTask SetQuotaAsync(string bucket, BucketQuota quota, CancellationToken ct) =>
        ChangeBucketAsync(bucket, (scope, id) => BucketTable.SetQuota(scope.Db, id, quota), ct);

    /// <inheritdoc/>
    public async ValueTask SetOwnerQuotaAsync(string owner, BucketQuota quota, CancellationToken ct) =>
        await ChangeAsync($"limiting {owner}", needsSpace: false, scope =>
        {
            scope.SetOwnerQuota(owner, quota);
            return true;
        }, ct);

    /// <inheritdoc/>
    public ValueTask<OwnerInfo> HeadOwnerAsync(string owner, CancellationToken ct) => ReadAsync(db =>
    {
        var usages = OwnerTable.Usages(db, owner);
        return new OwnerInfo(OwnerTable.FindQuota(db, owner), usages.Aggregate(default(BucketUsage), (sum, b) => sum + b.Usage), usages.Count);
    }, ct);

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> FindDocumentAsync(string bucket, string name, CancellationToken ct) =>
        await ReadAsync(db => BucketTable.FindDocument(db, BucketTable.Get(db, bucket).Id, name), ct) is { } document ? document : (ReadOnlyMemory<byte>?)null;

    /// <inheritdoc/>
    public ValueTask PutDocumentAsync(string bucket, string name, ReadOnlyMemory<byte> document, CancellationToken ct)
    {
        Keys.CheckName(name, "the document's name");
        return ChangeBucketAsync(bucket, (scope, id) => BucketTable.PutDocument(scope.Db, id, name, document.Span), ct);
    }

    /// <inheritdoc/>
    public ValueTask DeleteDocumentAsync(string bucket, string name, CancellationToken ct) =>
        ChangeBucketAsync(bucket, (scope, id) => BucketTable.DeleteDocument(scope.Db, id, name), ct);

    private async ValueTask ChangeBucketAsync(string bucket, Action<WriteScope, long> change, CancellationToken ct) =>
        await ChangeAsync($"changing bucket {bucket}", needsSpace: false, scope =>
        {
            var id = scope.Bucket(bucket).Id;
            scope.Forget(bucket);
            change(scope, id);
            return true;
        }, ct);
}
