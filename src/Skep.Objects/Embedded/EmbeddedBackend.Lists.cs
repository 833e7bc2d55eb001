using Skep.Objects.Rules;
using Skep.Sqlite;

namespace Skep.Objects.Embedded;

public sealed partial class EmbeddedBackend
{
    private const string ListObjects = $"SELECT {VersionTable.Columns} FROM objects WHERE bucket = ?1 AND key >= ?2 ORDER BY key";

    // Both tables are in this order already: SQLite merges them, nothing is sorted.
    private const string ListVersionsFrom =
        $"""
        SELECT {VersionTable.Columns} FROM objects WHERE bucket = ?1 AND key >= ?2
        UNION ALL SELECT {VersionTable.Columns} FROM versions WHERE bucket = ?1 AND key >= ?2
        ORDER BY key, sequence DESC
        """;

    private const string ListVersionsWithin =
        $"""
        SELECT {VersionTable.Columns} FROM objects WHERE bucket = ?1 AND key >= ?2 AND (key > ?2 OR sequence < ?3)
        UNION ALL SELECT {VersionTable.Columns} FROM versions WHERE bucket = ?1 AND key >= ?2 AND (key > ?2 OR sequence < ?3)
        ORDER BY key, sequence DESC
        """;

    private const string ListUploadsFrom = $"SELECT {UploadTable.Columns} FROM uploads WHERE bucket = ?1 AND key >= ?2 ORDER BY key, sequence";
    private const string ListUploadsWithin = $"SELECT {UploadTable.Columns} FROM uploads WHERE bucket = ?1 AND (key, sequence) > (?2, ?3) ORDER BY key, sequence";

    /// <inheritdoc/>
    public async ValueTask<ObjectPage> ListAsync(ListRequest request, CancellationToken ct)
    {
        var page = await ReadAsync(db =>
        {
            var bucket = BucketTable.Get(db, request.Bucket).Id;
            using var cursor = new RowCursor<VersionRow>(db.Statement(ListObjects), null, bucket, static r => VersionTable.Read(r, isCurrent: true));
            return PrefixWalk.Run(cursor, request.Prefix, request.Delimiter, request.StartAfter, isPositioned: false, request.Max);
        }, ct);
        var objects = page.Rows.ConvertAll(r => r.Describe(_versionIds, isLatest: true));
        return new ObjectPage(objects, page.Prefixes, page.IsTruncated ? page.LastPrefix ?? objects[^1].Key : null);
    }

    /// <inheritdoc/>
    public ValueTask<VersionPage> ListVersionsAsync(ListVersionsRequest request, CancellationToken ct) => ReadAsync(db =>
    {
        var bucket = BucketTable.Get(db, request.Bucket).Id;
        using var cursor = new RowCursor<VersionRow>(db.Statement(ListVersionsFrom), db.Statement(ListVersionsWithin), bucket, static r => VersionTable.Read(r, isCurrent: false));
        var isPositioned = request is { KeyMarker: not null, VersionIdMarker: not null };
        if (isPositioned)
            cursor.SeekWithin(Keys.EncodeAny(request.KeyMarker!), MarkerSequence(db, bucket, request));
        var page = PrefixWalk.Run(cursor, request.Prefix, request.Delimiter, request.KeyMarker, isPositioned, request.Max);
        var versions = Describe(db, bucket, page.Rows);
        if (!page.IsTruncated)
            return new VersionPage(versions, page.Prefixes, null, null);
        var last = page.LastPrefix is null ? page.Rows[^1] : null;
        return new VersionPage(versions, page.Prefixes, page.LastPrefix ?? Keys.Decode(last!.Key), last is null ? null : _versionIds.Format(last.Sequence));
    }, ct);

    /// <inheritdoc/>
    public ValueTask<UploadPage> ListUploadsAsync(ListUploadsRequest request, CancellationToken ct) => ReadAsync(db =>
    {
        var bucket = BucketTable.Get(db, request.Bucket).Id;
        using var cursor = new RowCursor<UploadRow>(db.Statement(ListUploadsFrom), db.Statement(ListUploadsWithin), bucket, UploadTable.Read);
        var isPositioned = request is { KeyMarker: not null, UploadIdMarker: not null };
        if (isPositioned)
            cursor.SeekWithin(Keys.EncodeAny(request.KeyMarker!), _versionIds.Parse(request.UploadIdMarker!) ?? throw NotAMarker(request.UploadIdMarker!));
        var page = PrefixWalk.Run(cursor, request.Prefix, request.Delimiter, request.KeyMarker, isPositioned, request.Max);
        var uploads = page.Rows.ConvertAll(r => r.Describe(_versionIds));
        if (!page.IsTruncated)
            return new UploadPage(uploads, page.Prefixes, null, null);
        var last = page.LastPrefix is null ? uploads[^1] : null;
        return new UploadPage(uploads, page.Prefixes, page.LastPrefix ?? last!.Key, last?.UploadId);
    }, ct);

    /// <summary>A page's rows; the first of each key is its current version, but that a page may begin within a key.</summary>
    private List<ObjectVersion> Describe(SqliteConnection db, long bucket, List<VersionRow> rows)
    {
        var versions = new List<ObjectVersion>(rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            var isLatest = i == 0
                ? (VersionTable.FindCurrent(db, bucket, rows[0].Key) ?? VersionTable.FindNewest(db, bucket, rows[0].Key))!.Sequence == rows[0].Sequence
                : !rows[i].Key.AsSpan().SequenceEqual(rows[i - 1].Key);
            versions.Add(rows[i].Describe(_versionIds, isLatest));
        }

        return versions;
    }

    private long MarkerSequence(SqliteConnection db, long bucket, ListVersionsRequest request)
    {
        if (request.VersionIdMarker != ObjectVersion.NullId)
            return _versionIds.Parse(request.VersionIdMarker!) ?? throw NotAMarker(request.VersionIdMarker!);
        // A null version that is gone meanwhile says nothing: the key's versions come again rather than being missed.
        return VersionWrites.Find(db, _versionIds, bucket, Keys.EncodeAny(request.KeyMarker!), ObjectVersion.NullId)?.Sequence ?? long.MaxValue;
    }

    private static ObjectException NotAMarker(string marker) =>
        new(ObjectError.InvalidArgument, $"the marker {marker} is not an id of this store");
}
