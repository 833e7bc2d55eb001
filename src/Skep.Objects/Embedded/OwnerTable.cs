using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>The table owners, and what their buckets hold.</summary>
internal static class OwnerTable
{
    /// <summary>An owner's limit; the default value for none.</summary>
    public static BucketQuota FindQuota(SqliteConnection db, string owner) =>
        db.Statement("SELECT bytes_max, objects_max FROM owners WHERE owner = ?1").BindText(1, owner).First(static r => new BucketQuota(r.Int64OrNull(0), r.Int64OrNull(1)));

    public static void SetQuota(SqliteConnection db, string owner, BucketQuota quota)
    {
        if (quota == default)
        {
            db.Statement("DELETE FROM owners WHERE owner = ?1").BindText(1, owner).Run("write");
            return;
        }

        db.Statement("INSERT INTO owners (owner, bytes_max, objects_max) VALUES (?1, ?2, ?3) ON CONFLICT (owner) DO UPDATE SET bytes_max = excluded.bytes_max, objects_max = excluded.objects_max")
            .BindText(1, owner).Bind(2, quota.BytesMax).Bind(3, quota.ObjectsMax).Run("write");
    }

    /// <summary>What each bucket of an owner holds.</summary>
    public static List<(string Bucket, BucketUsage Usage)> Usages(SqliteConnection db, string owner) =>
        db.Statement("SELECT name, bytes, objects, upload_bytes FROM buckets WHERE owner = ?1").BindText(1, owner)
            .All(static r => (r.Text(0), new BucketUsage(r.Int64(1), r.Int64(2), r.Int64(3))));
}
