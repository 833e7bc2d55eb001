using Skep.Objects;

namespace Skep.S3.Lifecycle;

/// <summary>
/// One look at one bucket: page by page through the keys that rules are about, deleting what is due. Holds one page in memory.
/// Deletions are conditional on what was seen, so that what was written meanwhile stays. May be ended anywhere and begun again.
/// </summary>
internal sealed class LifecyclePass(IObjectBackend store, BucketInfo bucket, LifecycleRules rules, LifecycleClock clock, DateTimeOffset now, Func<int, CancellationToken, ValueTask> pace)
{
    /// <summary>Versions looked at in one step; a page of the largest ones is a few megabytes.</summary>
    private const int PageMax = 500;

    /// <summary>Deletions in one transaction of the store, which others wait for.</summary>
    private const int DeletionsMax = 100;

    private readonly List<Deletion> _due = [];
    private LifecycleOutcome _outcome;

    private enum DeletionKind
    {
        Current,
        Marker,
        Noncurrent,
    }

    /// <summary>Called with each deletion that was made: what was asked for, what came of it.</summary>
    public Func<DeleteRequest, DeleteResult, ValueTask>? Deleted { get; init; }

    /// <summary>Carries the rules out.</summary>
    /// <exception cref="ObjectException">The store failed, or the bucket is gone.</exception>
    public async Task<LifecycleOutcome> RunAsync(CancellationToken ct)
    {
        foreach (var prefix in LifecycleRules.Prefixes(rules.All.Where(r => r.ExpirationDays is not null || r.ExpirationDate is not null || r.ExpiresDeleteMarkers || r.NoncurrentDays is not null)))
            await VersionsAsync(prefix, ct);
        foreach (var prefix in LifecycleRules.Prefixes(rules.All.Where(r => r.AbortDays is not null)))
            await UploadsAsync(prefix, ct);
        return _outcome;
    }

    private async Task VersionsAsync(string prefix, CancellationToken ct)
    {
        var walk = new Walk();
        for (var (keyMarker, versionMarker) = ((string?)null, (string?)null); ;)
        {
            var page = await store.ListVersionsAsync(new ListVersionsRequest { Bucket = bucket.Name, Prefix = prefix, KeyMarker = keyMarker, VersionIdMarker = versionMarker, Max = PageMax }, ct);
            foreach (var version in page.Versions)
                Look(walk, version);
            if (page.NextKeyMarker is null)
                JudgeMarker(walk);
            await DeleteAsync(ct);
            await pace(page.Versions.Count, ct);
            if (page.NextKeyMarker is null)
                return;
            (keyMarker, versionMarker) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }
    }

    /// <summary>Looks at a version; they come newest first, so that the one before says when it was replaced.</summary>
    private void Look(Walk walk, ObjectVersion version)
    {
        if (walk.Newer?.Key != version.Key)
        {
            JudgeMarker(walk);
            walk.Noncurrent = 0;
            if (version.IsDeleteMarker)
                walk.Marker = version;
            else if (rules.Expiration(version, clock) is { } due && due.At <= now)
                _due.Add(new Deletion(DeletionKind.Current, new DeleteRequest { Key = version.Key, Conditions = Seen(version) }));
        }
        else
        {
            walk.Marker = null; // it hides something
            if (rules.NoncurrentExpiration(version, walk.Newer.LastModified, walk.Noncurrent, clock) is { } due && due.At <= now)
                _due.Add(new Deletion(DeletionKind.Noncurrent, new DeleteRequest { Key = version.Key, VersionId = version.VersionId, Conditions = Seen(version), IfNoncurrent = true }));
            if (!version.IsDeleteMarker)
                walk.Noncurrent++;
        }

        walk.Newer = version;
    }

    private void JudgeMarker(Walk walk)
    {
        if (walk.Marker is { } marker && rules.MarkerExpiration(marker, clock) is { } due && due.At <= now)
            _due.Add(new Deletion(DeletionKind.Marker, new DeleteRequest { Key = marker.Key, VersionId = marker.VersionId, Conditions = Seen(marker) }));
        walk.Marker = null;
    }

    /// <summary>That it still is what was looked at: null versions are replaced under the same id.</summary>
    private static WriteConditions Seen(ObjectVersion version) => version.IsDeleteMarker
        ? WriteConditions.IfAbsent
        : new WriteConditions { IfMatch = version.ETag, IfLastModified = version.LastModified, IfLengthBytes = version.LengthBytes };

    private async Task DeleteAsync(CancellationToken ct)
    {
        foreach (var batch in _due.Chunk(DeletionsMax))
        {
            var outcomes = await store.DeleteManyAsync(bucket.Name, [.. batch.Select(d => d.Request)], ct);
            for (var i = 0; i < batch.Length; i++)
                await CountAsync(batch[i], outcomes[i]);
            await pace(batch.Length, ct);
        }

        _due.Clear();
    }

    private async ValueTask CountAsync(Deletion deletion, DeleteOutcome outcome)
    {
        if (outcome.Failure is { } failure)
        {
            if (failure.Error is not (ObjectError.Locked or ObjectError.PreconditionFailed or ObjectError.NoSuchKey or ObjectError.NoSuchVersion))
                throw failure;
            _outcome = _outcome with { Kept = _outcome.Kept + 1 };
            return;
        }

        if (outcome.Result.VersionId is null)
            return; // somebody else was faster
        _outcome = deletion.Kind switch
        {
            DeletionKind.Current => _outcome with { Expired = _outcome.Expired + 1 },
            DeletionKind.Marker => _outcome with { Markers = _outcome.Markers + 1 },
            _ => _outcome with { Noncurrent = _outcome.Noncurrent + 1 },
        };
        if (Deleted is not null)
            await Deleted(deletion.Request, outcome.Result);
    }

    private async Task UploadsAsync(string prefix, CancellationToken ct)
    {
        for (var (keyMarker, uploadMarker) = ((string?)null, (string?)null); ;)
        {
            var page = await store.ListUploadsAsync(new ListUploadsRequest { Bucket = bucket.Name, Prefix = prefix, KeyMarker = keyMarker, UploadIdMarker = uploadMarker, Max = PageMax }, ct);
            foreach (var upload in page.Uploads.Where(u => rules.Abort(u, clock) is { } due && due.At <= now))
                await AbortAsync(upload, ct);
            await pace(page.Uploads.Count, ct);
            if (page.NextKeyMarker is null)
                return;
            (keyMarker, uploadMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
    }

    private async Task AbortAsync(UploadInfo upload, CancellationToken ct)
    {
        try
        {
            await store.AbortUploadAsync(new UploadAddress(bucket.Name, upload.Key, upload.UploadId), ct);
            _outcome = _outcome with { Aborted = _outcome.Aborted + 1 };
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchUpload)
        {
            _outcome = _outcome with { Kept = _outcome.Kept + 1 }; // it was completed after all
        }
    }

    private sealed record Deletion(DeletionKind Kind, DeleteRequest Request);

    /// <summary>Where the walk is: what was seen last, and of its key how many versions that are not current.</summary>
    private sealed class Walk
    {
        public ObjectVersion? Newer { get; set; }

        public int Noncurrent { get; set; }

        /// <summary>A delete marker that is the current version and under which nothing has been seen yet.</summary>
        public ObjectVersion? Marker { get; set; }
    }
}
