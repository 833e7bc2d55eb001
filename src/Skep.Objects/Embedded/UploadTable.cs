using Skep.Objects.Rules;
using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>A row of uploads.</summary>
internal sealed record UploadRow(byte[] Key, long Sequence, long CreatedMs, ChecksumAlgorithm? Checksum, ChecksumType ChecksumType, byte[] Meta)
{
    public UploadInfo Describe(VersionIds ids) => new()
    {
        Key = Keys.Decode(Key),
        UploadId = ids.Format(Sequence),
        Created = DateTimeOffset.FromUnixTimeMilliseconds(CreatedMs),
        Metadata = MetaCodec.Decode(Meta).Metadata,
        Checksum = Checksum,
        ChecksumType = ChecksumType,
    };
}

/// <summary>A row of parts.</summary>
internal sealed record PartRow(int Number, long Content, long LengthBytes, byte[] Md5, long ModifiedMs, ObjectChecksum? Checksum)
{
    public PartInfo Describe() => new(Number, LengthBytes, Convert.ToHexStringLower(Md5), DateTimeOffset.FromUnixTimeMilliseconds(ModifiedMs), Checksum);
}

/// <summary>The tables uploads and parts.</summary>
internal static class UploadTable
{
    public const string Columns = "key, sequence, created, checksum, checksum_type, meta";

    public static UploadRow? Find(SqliteConnection db, long bucket, byte[] key, long sequence) =>
        db.Statement($"SELECT {Columns} FROM uploads WHERE bucket = ?1 AND key = ?2 AND sequence = ?3").Bind(1, bucket).BindBlob(2, key).Bind(3, sequence).First(Read);

    public static void Insert(SqliteConnection db, long bucket, UploadRow row) =>
        db.Statement("INSERT INTO uploads (bucket, key, sequence, created, checksum, checksum_type, meta) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .Bind(1, bucket).BindBlob(2, row.Key).Bind(3, row.Sequence).Bind(4, row.CreatedMs).Bind(5, (long?)row.Checksum).Bind(6, (long)row.ChecksumType).BindBlob(7, row.Meta).Run("write");

    public static void Delete(SqliteConnection db, long bucket, UploadRow row)
    {
        db.Statement("DELETE FROM parts WHERE upload = ?1").Bind(1, row.Sequence).Run("write");
        db.Statement("DELETE FROM uploads WHERE bucket = ?1 AND key = ?2 AND sequence = ?3").Bind(1, bucket).BindBlob(2, row.Key).Bind(3, row.Sequence).Run("write");
    }

    public static PartRow? FindPart(SqliteConnection db, long upload, int number) =>
        db.Statement("SELECT number, content, length, md5, modified, checksum FROM parts WHERE upload = ?1 AND number = ?2").Bind(1, upload).Bind(2, number).First(ReadPart);

    public static List<PartRow> ListParts(SqliteConnection db, long upload, int after, int max) =>
        db.Statement("SELECT number, content, length, md5, modified, checksum FROM parts WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3").Bind(1, upload).Bind(2, after).Bind(3, max).All(ReadPart);

    public static void PutPart(SqliteConnection db, long upload, PartRow part) =>
        db.Statement("INSERT OR REPLACE INTO parts (upload, number, content, length, md5, modified, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .Bind(1, upload).Bind(2, part.Number).Bind(3, part.Content).Bind(4, part.LengthBytes).BindBlob(5, part.Md5).Bind(6, part.ModifiedMs)
            .BindBlobOrNull(7, MetaCodec.EncodeChecksum(part.Checksum)).Run("write");

    public static UploadRow Read(SqliteStatement row) =>
        new(row.Blob(0).ToArray(), row.Int64(1), row.Int64(2), (ChecksumAlgorithm?)row.Int64OrNull(3), (ChecksumType)row.Int64(4), row.Blob(5).ToArray());

    private static PartRow ReadPart(SqliteStatement row) =>
        new((int)row.Int64(0), row.Int64(1), row.Int64(2), row.Blob(3).ToArray(), row.Int64(4), MetaCodec.DecodeChecksum(row.BytesOrNull(5)));
}
