using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>A bucket with its number.</summary>
internal sealed record BucketRow(long Id, BucketInfo Info);

/// <summary>The tables buckets and documents.</summary>
internal static class BucketTable
{
    private const string Columns = "id, name, owner, created, versioning, bytes_max, objects_max, bytes, objects, upload_bytes";

    public static BucketRow? Find(SqliteConnection db, string name) =>
        db.Statement($"SELECT {Columns} FROM buckets WHERE name = ?1").BindText(1, name).First(Read);

    /// <exception cref="ObjectException"><see cref="ObjectError.NoSuchBucket"/>.</exception>
    public static BucketRow Get(SqliteConnection db, string name) =>
        Find(db, name) ?? throw new ObjectException(ObjectError.NoSuchBucket, $"bucket {name} does not exist");

    public static List<BucketRow> List(SqliteConnection db, ListBucketsRequest request, int max)
    {
        var statement = db.Statement($"SELECT {Columns} FROM buckets WHERE name >= ?1 AND name > ?2 AND (?3 = '' OR substr(name, 1, length(?3)) = ?3) AND (?4 IS NULL OR owner = ?4) ORDER BY name LIMIT ?5");
        statement.BindText(1, request.Prefix).BindText(2, request.StartAfter ?? "").BindText(3, request.Prefix).Bind(5, max);
        if (request.Owner is { } owner)
            statement.BindText(4, owner);
        else
            statement.Bind(4, (long?)null);
        return statement.All(Read);
    }

    public static void Insert(SqliteConnection db, BucketInfo info) =>
        db.Statement("INSERT INTO buckets (name, owner, created, versioning, bytes, objects, upload_bytes) VALUES (?1, ?2, ?3, 0, 0, 0, 0)")
            .BindText(1, info.Name).BindText(2, info.Owner).Bind(3, info.Created.ToUnixTimeMilliseconds()).Run("write");

    public static void SetUsage(SqliteConnection db, long id, BucketUsage usage) =>
        db.Statement("UPDATE buckets SET bytes = ?2, objects = ?3, upload_bytes = ?4 WHERE id = ?1")
            .Bind(1, id).Bind(2, usage.Bytes).Bind(3, usage.Objects).Bind(4, usage.UploadBytes).Run("write");

    public static void SetVersioning(SqliteConnection db, long id, VersioningState versioning) =>
        db.Statement("UPDATE buckets SET versioning = ?2 WHERE id = ?1").Bind(1, id).Bind(2, (long)versioning).Run("write");

    public static void SetQuota(SqliteConnection db, long id, BucketQuota quota) =>
        db.Statement("UPDATE buckets SET bytes_max = ?2, objects_max = ?3 WHERE id = ?1").Bind(1, id).Bind(2, quota.BytesMax).Bind(3, quota.ObjectsMax).Run("write");

    public static bool IsEmpty(SqliteConnection db, long id) =>
        db.Statement("SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ?1) OR EXISTS (SELECT 1 FROM versions WHERE bucket = ?1) OR EXISTS (SELECT 1 FROM uploads WHERE bucket = ?1)")
            .Bind(1, id).First(static r => r.Int64(0)) == 0;

    public static void Delete(SqliteConnection db, long id)
    {
        db.Statement("DELETE FROM documents WHERE bucket = ?1").Bind(1, id).Run("write");
        db.Statement("DELETE FROM buckets WHERE id = ?1").Bind(1, id).Run("write");
    }

    public static byte[]? FindDocument(SqliteConnection db, long id, string name) =>
        db.Statement("SELECT value FROM documents WHERE bucket = ?1 AND name = ?2").Bind(1, id).BindText(2, name).First(static r => r.Blob(0).ToArray());

    public static void PutDocument(SqliteConnection db, long id, string name, ReadOnlySpan<byte> value) =>
        db.Statement("INSERT INTO documents (bucket, name, value) VALUES (?1, ?2, ?3) ON CONFLICT (bucket, name) DO UPDATE SET value = excluded.value")
            .Bind(1, id).BindText(2, name).BindBlob(3, value).Run("write");

    public static void DeleteDocument(SqliteConnection db, long id, string name) =>
        db.Statement("DELETE FROM documents WHERE bucket = ?1 AND name = ?2").Bind(1, id).BindText(2, name).Run("write");

    private static BucketRow Read(SqliteStatement row) => new(row.Int64(0), new BucketInfo
    {
        Name = row.Text(1),
        Owner = row.Text(2),
        Created = DateTimeOffset.FromUnixTimeMilliseconds(row.Int64(3)),
        Versioning = (VersioningState)row.Int64(4),
        Quota = new BucketQuota(row.Int64OrNull(5), row.Int64OrNull(6)),
        Usage = new BucketUsage(row.Int64(7), row.Int64(8), row.Int64(9)),
    });
}
