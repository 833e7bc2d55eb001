using Skep.Objects.Rules;

namespace Skep.Objects.Memory;

/// <summary>The store's semantics in memory, for tests and as the model that other backends are compared with. Nothing survives it.</summary>
public sealed partial class MemoryBackend(TimeProvider time) : IObjectBackend, IOwnerQuotas
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, MemoryBucket> _buckets = new(StringComparer.Ordinal);
    private readonly VersionIds _ids = new(1);
    private readonly Dictionary<string, BucketQuota> _owners = new(StringComparer.Ordinal);
    private long _sequence;

    internal static ObjectVersion NoVersion { get; } = new() { Key = "", VersionId = "", LastModified = default };

    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <inheritdoc/>
    public ValueTask<BucketInfo> CreateBucketAsync(string bucket, string owner, CancellationToken ct)
    {
        Keys.CheckName(bucket, "the bucket's name");
        lock (_lock)
        {
            if (_buckets.ContainsKey(bucket))
                throw new ObjectException(ObjectError.BucketExists, $"bucket {bucket} exists");
            var info = new BucketInfo { Name = bucket, Owner = owner, Created = Now, Versioning = VersioningState.None, Quota = default, Usage = default };
            _buckets.Add(bucket, new MemoryBucket(info, CheckOwner));
            return ValueTask.FromResult(info);
        }
    }

    /// <inheritdoc/>
    public ValueTask<BucketInfo> HeadBucketAsync(string bucket, CancellationToken ct)
    {
        lock (_lock)
            return ValueTask.FromResult(Find(bucket).Info);
    }

    /// <inheritdoc/>
    public ValueTask DeleteBucketAsync(string bucket, CancellationToken ct)
    {
        lock (_lock)
        {
            var found = Find(bucket);
            if (found.Rows.Count > 0 || found.Uploads.Count > 0)
                throw new ObjectException(ObjectError.BucketNotEmpty, $"bucket {bucket} is not empty: it has objects, versions, delete markers or uploads");
            _buckets.Remove(bucket);
            return ValueTask.CompletedTask;
        }
    }

    /// <inheritdoc/>
    public ValueTask<BucketPage> ListBucketsAsync(ListBucketsRequest request, CancellationToken ct)
    {
        lock (_lock)
        {
            var found = _buckets.Values.Select(b => b.Info)
                .Where(b => b.Name.StartsWith(request.Prefix, StringComparison.Ordinal)
                    && (request.StartAfter is null || string.CompareOrdinal(b.Name, request.StartAfter) > 0)
                    && (request.Owner is null || b.Owner == request.Owner))
                .Take(request.Max + 1).ToList();
            return ValueTask.FromResult(new BucketPage([.. found.Take(request.Max)], found.Count > request.Max));
        }
    }

    /// <inheritdoc/>
    public ValueTask SetVersioningAsync(string bucket, VersioningState versioning, CancellationToken ct) =>
        ChangeBucketAsync(bucket, info => info with { Versioning = versioning });

    /// <inheritdoc/>
    public ValueTask SetQuotaAsync(string bucket, BucketQuota quota, CancellationToken ct) =>
        ChangeBucketAsync(bucket, info => info with { Quota = quota });

    /// <inheritdoc/>
    public ValueTask SetOwnerQuotaAsync(string owner, BucketQuota quota, CancellationToken ct)
    {
        lock (_lock)
            _owners[owner] = quota;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<OwnerInfo> HeadOwnerAsync(string owner, CancellationToken ct)
    {
        lock (_lock)
            return ValueTask.FromResult(new OwnerInfo(_owners.GetValueOrDefault(owner), UsageOf(owner), _buckets.Values.Count(b => b.Info.Owner == owner)));
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> FindDocumentAsync(string bucket, string name, CancellationToken ct)
    {
        lock (_lock)
            return ValueTask.FromResult(Find(bucket).Documents.TryGetValue(name, out var document) ? document : (ReadOnlyMemory<byte>?)null);
    }

    /// <inheritdoc/>
    public ValueTask PutDocumentAsync(string bucket, string name, ReadOnlyMemory<byte> document, CancellationToken ct)
    {
        Keys.CheckName(name, "the document's name");
        lock (_lock)
            Find(bucket).Documents[name] = document.ToArray();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DeleteDocumentAsync(string bucket, string name, CancellationToken ct)
    {
        lock (_lock)
            Find(bucket).Documents.Remove(name);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask ChangeBucketAsync(string bucket, Func<BucketInfo, BucketInfo> change)
    {
        lock (_lock)
        {
            var found = Find(bucket);
            found.Info = change(found.Info);
        }

        return ValueTask.CompletedTask;
    }

    private BucketUsage UsageOf(string owner) => _buckets.Values.Where(b => b.Info.Owner == owner).Aggregate(default(BucketUsage), (sum, b) => sum + b.Info.Usage);

    private void CheckOwner(BucketInfo bucket, BucketUsage usage)
    {
        if (_owners.GetValueOrDefault(bucket.Owner) is var quota && quota != default)
            Quotas.Check($"account {bucket.Owner}", quota, UsageOf(bucket.Owner), UsageOf(bucket.Owner) - bucket.Usage + usage);
    }

    private MemoryBucket Find(string bucket) =>
        _buckets.TryGetValue(bucket, out var found) ? found : throw new ObjectException(ObjectError.NoSuchBucket, $"bucket {bucket} does not exist");
}
