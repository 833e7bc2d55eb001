using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>The tables objects and versions.</summary>
internal static class VersionTable
{
    /// <summary>The columns that <see cref="Read"/> expects.</summary>
    public const string Columns = "key, sequence, is_null, is_marker, modified, length, etag, content, upload, meta";

    private const string AllColumns = "bucket, " + Columns;

    /// <summary>The current version, where it is no delete marker.</summary>
    public static VersionRow? FindCurrent(SqliteConnection db, long bucket, byte[] key) =>
        db.Statement($"SELECT {Columns} FROM objects WHERE bucket = ?1 AND key = ?2").Bind(1, bucket).BindBlob(2, key).First(static r => Read(r, isCurrent: true));

    /// <summary>The newest row of versions.</summary>
    public static VersionRow? FindNewest(SqliteConnection db, long bucket, byte[] key) =>
        db.Statement($"SELECT {Columns} FROM versions WHERE bucket = ?1 AND key = ?2 ORDER BY sequence DESC LIMIT 1").Bind(1, bucket).BindBlob(2, key).First(static r => Read(r, isCurrent: false));

    /// <summary>The null version among the rows of versions.</summary>
    public static VersionRow? FindNull(SqliteConnection db, long bucket, byte[] key) =>
        db.Statement($"SELECT {Columns} FROM versions WHERE bucket = ?1 AND key = ?2 AND is_null = 1").Bind(1, bucket).BindBlob(2, key).First(static r => Read(r, isCurrent: false));

    /// <summary>A row of versions by its sequence number.</summary>
    public static VersionRow? FindOld(SqliteConnection db, long bucket, byte[] key, long sequence) =>
        db.Statement($"SELECT {Columns} FROM versions WHERE bucket = ?1 AND key = ?2 AND sequence = ?3").Bind(1, bucket).BindBlob(2, key).Bind(3, sequence).First(static r => Read(r, isCurrent: false));

    /// <summary>The version that an upload made; looks at all of the key's.</summary>
    public static VersionRow? FindUploaded(SqliteConnection db, long bucket, byte[] key, long upload) =>
        FindCurrent(db, bucket, key) is { } current && current.Upload == upload
            ? current
            : db.Statement($"SELECT {Columns} FROM versions WHERE bucket = ?1 AND key = ?2 AND upload = ?3 ORDER BY sequence DESC LIMIT 1").Bind(1, bucket).BindBlob(2, key).Bind(3, upload).First(static r => Read(r, isCurrent: false));

    /// <summary>Makes a row the key's current version.</summary>
    public static void PutCurrent(SqliteConnection db, long bucket, VersionRow row) => Bind(db.Statement($"INSERT OR REPLACE INTO objects ({AllColumns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"), bucket, row).Run("write");

    /// <summary>Adds or replaces a row of versions.</summary>
    public static void PutOld(SqliteConnection db, long bucket, VersionRow row) => Bind(db.Statement($"INSERT OR REPLACE INTO versions ({AllColumns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"), bucket, row).Run("write");

    public static void DeleteCurrent(SqliteConnection db, long bucket, byte[] key) =>
        db.Statement("DELETE FROM objects WHERE bucket = ?1 AND key = ?2").Bind(1, bucket).BindBlob(2, key).Run("write");

    public static void DeleteOld(SqliteConnection db, long bucket, byte[] key, long sequence) =>
        db.Statement("DELETE FROM versions WHERE bucket = ?1 AND key = ?2 AND sequence = ?3").Bind(1, bucket).BindBlob(2, key).Bind(3, sequence).Run("write");

    /// <summary>The names of what refers to a content, directly or by a piece; reads all rows.</summary>
    public static List<(string Bucket, byte[] Key)> Referrers(SqliteConnection db, long content, int max) =>
        db.Statement(
            """
            WITH held(id) AS (SELECT ?1 UNION SELECT content FROM pieces WHERE leaf = ?1)
            SELECT b.name, o.key FROM objects o JOIN buckets b ON b.id = o.bucket WHERE o.content IN held
            UNION SELECT b.name, v.key FROM versions v JOIN buckets b ON b.id = v.bucket WHERE v.content IN held
            UNION SELECT b.name, u.key FROM parts p JOIN uploads u ON u.sequence = p.upload JOIN buckets b ON b.id = u.bucket WHERE p.content IN held
            LIMIT ?2
            """).Bind(1, content).Bind(2, max).All(static r => (r.Text(0), r.Blob(1).ToArray()));

    public static VersionRow Read(SqliteStatement row, bool isCurrent) => new()
    {
        Key = row.Blob(0).ToArray(),
        Sequence = row.Int64(1),
        IsNull = row.Int64(2) != 0,
        IsMarker = row.Int64(3) != 0,
        ModifiedMs = row.Int64(4),
        LengthBytes = row.Int64(5),
        ETag = row.Text(6),
        Content = row.Int64(7),
        Upload = row.Int64(8),
        Meta = row.Blob(9).ToArray(),
        IsCurrent = isCurrent,
    };

    private static SqliteStatement Bind(SqliteStatement statement, long bucket, VersionRow row) => statement
        .Bind(1, bucket).BindBlob(2, row.Key).Bind(3, row.Sequence).Bind(4, row.IsNull ? 1 : 0).Bind(5, row.IsMarker ? 1 : 0)
        .Bind(6, row.ModifiedMs).Bind(7, row.LengthBytes).BindText(8, row.ETag).Bind(9, row.Content).Bind(10, row.Upload).BindBlob(11, row.Meta);
}
