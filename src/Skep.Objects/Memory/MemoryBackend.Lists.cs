using Skep.Objects.Rules;

namespace Skep.Objects.Memory;

public sealed partial class MemoryBackend
{
    /// <inheritdoc/>
    public ValueTask<ObjectPage> ListAsync(ListRequest request, CancellationToken ct)
    {
        lock (_lock)
        {
            var bucket = Find(request.Bucket);
            var page = PrefixWalk.Run(new MemoryCursor(bucket.Rows, onlyCurrent: true), request.Prefix, request.Delimiter, request.StartAfter, isPositioned: false, request.Max);
            var next = page.IsTruncated ? page.LastPrefix ?? page.Rows[^1].Version.Key : null;
            return ValueTask.FromResult(new ObjectPage([.. page.Rows.Select(bucket.Describe)], page.Prefixes, next));
        }
    }

    /// <inheritdoc/>
    public ValueTask<VersionPage> ListVersionsAsync(ListVersionsRequest request, CancellationToken ct)
    {
        lock (_lock)
        {
            var bucket = Find(request.Bucket);
            var cursor = new MemoryCursor(bucket.Rows, onlyCurrent: false);
            var isPositioned = request is { KeyMarker: not null, VersionIdMarker: not null };
            if (isPositioned)
                cursor.SeekWithin(Keys.EncodeAny(request.KeyMarker!), MarkerSequence(bucket, request));
            var page = PrefixWalk.Run(cursor, request.Prefix, request.Delimiter, request.KeyMarker, isPositioned, request.Max);
            if (!page.IsTruncated)
                return ValueTask.FromResult(new VersionPage([.. page.Rows.Select(bucket.Describe)], page.Prefixes, null, null));
            var last = page.LastPrefix is null ? page.Rows[^1] : null;
            return ValueTask.FromResult(new VersionPage([.. page.Rows.Select(bucket.Describe)], page.Prefixes, page.LastPrefix ?? last!.Version.Key, last is null ? null : _ids.Format(last.Sequence)));
        }
    }

    /// <inheritdoc/>
    public ValueTask<UploadPage> ListUploadsAsync(ListUploadsRequest request, CancellationToken ct)
    {
        lock (_lock)
        {
            var bucket = Find(request.Bucket);
            // Uploads of a key are in the order they were begun, so their sequence counts backwards here.
            var rows = new SortedSet<MemoryRow>(bucket.Uploads.Values.Select(u => new MemoryRow(Keys.Encode(u.Info.Key), long.MaxValue - u.Sequence) { Version = NoVersion, UploadId = u.Info.UploadId }), new MemoryRowOrder());
            var cursor = new MemoryCursor(rows, onlyCurrent: false);
            var isPositioned = request is { KeyMarker: not null, UploadIdMarker: not null };
            if (isPositioned)
                cursor.SeekWithin(Keys.EncodeAny(request.KeyMarker!), long.MaxValue - (_ids.Parse(request.UploadIdMarker!) ?? throw NotAMarker(request.UploadIdMarker!)));
            var page = PrefixWalk.Run(cursor, request.Prefix, request.Delimiter, request.KeyMarker, isPositioned, request.Max);
            var uploads = page.Rows.Select(r => bucket.Uploads[r.UploadId!].Info).ToList();
            if (!page.IsTruncated)
                return ValueTask.FromResult(new UploadPage(uploads, page.Prefixes, null, null));
            var last = page.LastPrefix is null ? uploads[^1] : null;
            return ValueTask.FromResult(new UploadPage(uploads, page.Prefixes, page.LastPrefix ?? last!.Key, last?.UploadId));
        }
    }

    private long MarkerSequence(MemoryBucket bucket, ListVersionsRequest request)
    {
        if (request.VersionIdMarker == ObjectVersion.NullId)
            // A null version that is gone meanwhile says nothing: the key's versions come again rather than being missed.
            return bucket.RowsOf(Keys.EncodeAny(request.KeyMarker!)).FirstOrDefault(r => r.IsNull)?.Sequence ?? long.MaxValue;
        return _ids.Parse(request.VersionIdMarker!) ?? throw NotAMarker(request.VersionIdMarker!);
    }

    private static ObjectException NotAMarker(string marker) =>
        new(ObjectError.InvalidArgument, $"the marker {marker} is not an id of this store");
}
