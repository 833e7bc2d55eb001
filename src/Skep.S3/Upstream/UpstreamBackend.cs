using System.Collections.Concurrent;
using Skep.Core.Identity;
using Skep.Core.S3Client;
using Skep.Objects;
using Skep.Objects.Rules;
using Skep.S3.Locks;
using Skep.S3.Xml;

namespace Skep.S3.Upstream;

/// <summary>
/// Objects in another S3 server (Ceph RGW, Garage, SeaweedFS, MinIO, AWS, another Skep), one bucket there for each here.
/// Bytes stream through; objects, versions, uploads, tags and locks are the server's. What it cannot know stays here, in
/// the embedded store beside the users: whose a bucket is, and its documents (policy, CORS, lifecycle …), which every
/// request asks for. What cannot be done is refused by name. Thread-safe.
/// </summary>
internal sealed partial class UpstreamBackend : IObjectBackend
{
    private const string DefaultRegion = "us-east-1";

    private readonly UpstreamClient _client;
    private readonly IObjectBackend _records;
    private readonly TimeProvider _time;
    private readonly string _adopter;
    private readonly bool _keepsChecksums;
    private readonly string _region;
    private readonly ConcurrentDictionary<string, VersioningState> _versioning = new(StringComparer.Ordinal);

    /// <param name="location">The server; its bucket is what buckets' names begin with there.</param>
    /// <param name="credentials">The access key, asked for at every request.</param>
    /// <param name="records">Buckets' owners and documents; disposed with this.</param>
    /// <param name="time">The clock.</param>
    /// <param name="adopter">The account that owns buckets which were not made through this.</param>
    /// <exception cref="S3ConfigurationException">A file that the location names cannot be used.</exception>
    public UpstreamBackend(S3Location location, Func<SigV4Credentials> credentials, IObjectBackend records, TimeProvider time, string adopter)
    {
        _client = new UpstreamClient(location, credentials, time);
        _records = records;
        _time = time;
        _adopter = adopter;
        _keepsChecksums = location.KeepsChecksums;
        _region = location.Region;
    }

    /// <inheritdoc/>
    public async ValueTask<BucketInfo> CreateBucketAsync(string bucket, string owner, CancellationToken ct)
    {
        var isNew = true;
        try
        {
            // The record first: a bucket without one would be adopted, and belong to somebody else.
            await _records.CreateBucketAsync(bucket, owner, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.BucketExists)
        {
            isNew = false;
            if ((await _records.HeadBucketAsync(bucket, ct)).Owner != owner || await ExistsAsync(bucket, ct))
                throw;
        }

        try
        {
            // Servers let their user make its own bucket again: it would be a way to get one that others filled.
            if (isNew && await ExistsAsync(bucket, ct))
                throw new ObjectException(ObjectError.BucketExists, $"bucket {bucket} exists at {_client.Name}");
            await _client.DoAsync(new UpstreamRequest(HttpMethod.Put) { About = new(bucket, ""), Document = Placement(), Timeout = UpstreamRequest.LongTimeout }, ct);
        }
        catch (ObjectException ex) when (isNew && ex.Error is not ObjectError.Unavailable)
        {
            // It was not made. One that is there without a record is adopted when it is named next.
            await _records.DeleteBucketAsync(bucket, CancellationToken.None);
            throw;
        }

        _versioning.TryRemove(bucket, out _);
        return await HeadBucketAsync(bucket, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<BucketInfo> HeadBucketAsync(string bucket, CancellationToken ct)
    {
        var info = await RecordAsync(bucket, ct);
        return info with { Versioning = await VersioningAsync(bucket, ct), Quota = default, Usage = default, IsUsageKnown = false };
    }

    /// <inheritdoc/>
    public async ValueTask DeleteBucketAsync(string bucket, CancellationToken ct)
    {
        await RecordAsync(bucket, ct);
        try
        {
            await _client.DoAsync(new UpstreamRequest(HttpMethod.Delete) { About = new(bucket, "") }, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchBucket)
        {
            // Deleted there, by somebody else or by an attempt whose answer was lost: the record is what is left.
        }

        _versioning.TryRemove(bucket, out _);
        await _records.DeleteBucketAsync(bucket, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<BucketPage> ListBucketsAsync(ListBucketsRequest request, CancellationToken ct)
    {
        var page = await _records.ListBucketsAsync(request, ct);
        return page with { Buckets = [.. page.Buckets.Select(b => b with { Versioning = _versioning.GetValueOrDefault(b.Name), Quota = default, Usage = default, IsUsageKnown = false })] };
    }

    /// <inheritdoc/>
    public async ValueTask SetVersioningAsync(string bucket, VersioningState versioning, CancellationToken ct)
    {
        await RecordAsync(bucket, ct);
        if (versioning is VersioningState.None)
            throw new ObjectException(ObjectError.InvalidArgument, "versioning that was enabled is suspended, not taken away");
        var document = new S3Xml("VersioningConfiguration").Element("Status", versioning is VersioningState.Enabled ? "Enabled" : "Suspended").Finish();
        await _client.DoAsync(new UpstreamRequest(HttpMethod.Put) { About = new(bucket, ""), Query = "versioning", Document = document, IsIdempotent = true }, ct);
        _versioning[bucket] = versioning;
    }

    /// <inheritdoc/>
    public ValueTask SetQuotaAsync(string bucket, BucketQuota quota, CancellationToken ct) =>
        quota == default
            ? ValueTask.CompletedTask
            : throw new ObjectException(ObjectError.NotSupported, "Quotas of buckets are not counted in front of another S3 server: set them there");

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> FindDocumentAsync(string bucket, string name, CancellationToken ct)
    {
        await RecordAsync(bucket, ct);
        return await _records.FindDocumentAsync(bucket, name, ct);
    }

    /// <inheritdoc/>
    public async ValueTask PutDocumentAsync(string bucket, string name, ReadOnlyMemory<byte> document, CancellationToken ct)
    {
        await RecordAsync(bucket, ct);
        if (name == ObjectLock.SubResource && await _records.FindDocumentAsync(bucket, name, ct) is null)
            await EnableLockAsync(bucket, ct);
        await _records.PutDocumentAsync(bucket, name, document, ct);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteDocumentAsync(string bucket, string name, CancellationToken ct)
    {
        await RecordAsync(bucket, ct);
        await _records.DeleteDocumentAsync(bucket, name, ct);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return _records.DisposeAsync();
    }

    /// <summary>The query that names a version; empty for none.</summary>
    internal static string VersionQuery(ObjectAddress address) => address.VersionId is { } id ? $"versionId={UpstreamClient.Encode(id)}" : "";

    /// <summary>Where a bucket is to be made: AWS wants to be told in every region but the first.</summary>
    private ReadOnlyMemory<byte>? Placement() =>
        _region == DefaultRegion ? null : new S3Xml("CreateBucketConfiguration").Element("LocationConstraint", _region).Finish();

    /// <summary>A bucket's record; a bucket of the server that has none gets one.</summary>
    private async ValueTask<BucketInfo> RecordAsync(string bucket, CancellationToken ct)
    {
        try
        {
            return await _records.HeadBucketAsync(bucket, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchBucket)
        {
            if (!await ExistsAsync(bucket, ct))
                throw;
            return await AdoptAsync(bucket, ct);
        }
    }

    private async ValueTask<BucketInfo> AdoptAsync(string bucket, CancellationToken ct)
    {
        try
        {
            return await _records.CreateBucketAsync(bucket, _adopter, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.BucketExists)
        {
            return await _records.HeadBucketAsync(bucket, ct);
        }
    }

    private async ValueTask<bool> ExistsAsync(string bucket, CancellationToken ct)
    {
        Keys.CheckName(bucket, "the bucket's name");
        try
        {
            await _client.DoAsync(new UpstreamRequest(HttpMethod.Head) { About = new(bucket, ""), IsIdempotent = true }, ct);
            return true;
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchBucket or ObjectError.InvalidArgument or ObjectError.Refused)
        {
            // Refused: where names are shared by all the world, it is somebody else's.
            return false;
        }
    }

    /// <summary>The server's state of a bucket's versions: asked for once, and known from then on, for it changes only through this.</summary>
    private async ValueTask<VersioningState> VersioningAsync(string bucket, CancellationToken ct)
    {
        if (_versioning.TryGetValue(bucket, out var known))
            return known;
        var state = VersioningState.None;
        try
        {
            var root = await _client.ReadAsync(new UpstreamRequest(HttpMethod.Get) { About = new(bucket, ""), Query = "versioning", IsIdempotent = true }, ct);
            state = root.Value("Status") switch
            {
                "Enabled" => VersioningState.Enabled,
                "Suspended" => VersioningState.Suspended,
                _ => VersioningState.None,
            };
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NotSupported)
        {
            // A server without versions.
        }

        return _versioning.GetOrAdd(bucket, state);
    }

    /// <summary>Turns object lock on at the server. Some can do it only for a new bucket: an empty one is made again.</summary>
    private async Task EnableLockAsync(string bucket, CancellationToken ct)
    {
        var document = new S3Xml(ObjectLock.Root).Element("ObjectLockEnabled", "Enabled").Finish();
        try
        {
            await _client.DoAsync(new UpstreamRequest(HttpMethod.Put) { About = new(bucket, ""), Query = ObjectLock.SubResource, Document = document }, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.InvalidArgument or ObjectError.NotSupported)
        {
            try
            {
                await _client.DoAsync(new UpstreamRequest(HttpMethod.Delete) { About = new(bucket, "") }, ct);
            }
            catch (ObjectException busy) when (busy.Error is ObjectError.BucketNotEmpty)
            {
                throw new ObjectException(ObjectError.NotSupported, $"Object lock is turned on only for empty buckets by the server behind: {ex.Message}", ex);
            }

            await _client.DoAsync(new UpstreamRequest(HttpMethod.Put) { About = new(bucket, ""), Document = Placement(), Headers = [new("x-amz-bucket-object-lock-enabled", "true")] }, ct);
            _versioning[bucket] = VersioningState.Enabled;
        }
    }
}
