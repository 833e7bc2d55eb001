using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>Where a content's bytes are.</summary>
internal enum ContentKind
{
    /// <summary>In the row.</summary>
    Inline,

    /// <summary>In a data file.</summary>
    File,

    /// <summary>In other contents.</summary>
    Pieces,
}

/// <summary>A row of contents.</summary>
internal sealed record ContentRow(long Id, ContentKind Kind, long LengthBytes, uint Crc, byte[]? Seal, byte[]? Data);

/// <summary>A row of pieces.</summary>
internal sealed record PieceRow(int Part, long Leaf, long Start, long LengthBytes, ObjectChecksum? Checksum);

/// <summary>The tables contents and pieces.</summary>
internal static class ContentTable
{
    public static ContentRow? Find(SqliteConnection db, long id) =>
        db.Statement("SELECT id, kind, length, crc, seal, data FROM contents WHERE id = ?1").Bind(1, id).First(static r =>
            new ContentRow(r.Int64(0), (ContentKind)r.Int64(1), r.Int64(2), (uint)r.Int64(3), r.BytesOrNull(4), r.BytesOrNull(5)));

    public static bool Exists(SqliteConnection db, long id) =>
        db.Statement("SELECT 1 FROM contents WHERE id = ?1").Bind(1, id).First(static r => r.Int64(0)) == 1;

    public static List<PieceRow> Pieces(SqliteConnection db, long content) =>
        db.Statement("SELECT part, leaf, start, length, checksum FROM pieces WHERE content = ?1 ORDER BY position").Bind(1, content).All(static r =>
            new PieceRow((int)r.Int64(0), r.Int64(1), r.Int64(2), r.Int64(3), MetaCodec.DecodeChecksum(r.BytesOrNull(4))));

    /// <summary>Adds a content whose bytes are elsewhere; one row refers to it.</summary>
    public static void Insert(SqliteConnection db, long id, ContentKind kind, long lengthBytes, byte[]? seal) =>
        db.Statement("INSERT INTO contents (id, refs, kind, length, crc, seal) VALUES (?1, 1, ?2, ?3, 0, ?4)")
            .Bind(1, id).Bind(2, (long)kind).Bind(3, lengthBytes).BindBlobOrNull(4, seal).Run("write");

    /// <summary>Adds a content with its bytes; one row refers to it.</summary>
    public static void InsertInline(SqliteConnection db, long id, long lengthBytes, byte[]? seal, ReadOnlySpan<byte> data) =>
        db.Statement("INSERT INTO contents (id, refs, kind, length, crc, seal, data) VALUES (?1, 1, 0, ?2, ?3, ?4, ?5)")
            .Bind(1, id).Bind(2, lengthBytes).Bind(3, BlockSums.Compute(data)).BindBlobOrNull(4, seal).BindBlob(5, data).Run("write");

    public static void InsertPiece(SqliteConnection db, long content, int position, PieceRow piece) =>
        db.Statement("INSERT INTO pieces (content, position, part, leaf, start, length, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .Bind(1, content).Bind(2, position).Bind(3, piece.Part).Bind(4, piece.Leaf).Bind(5, piece.Start).Bind(6, piece.LengthBytes)
            .BindBlobOrNull(7, MetaCodec.EncodeChecksum(piece.Checksum)).Run("write");

    /// <summary>Counts one more row that refers to a content; 0 is no content.</summary>
    public static void AddReference(SqliteConnection db, long id)
    {
        if (id != 0)
            db.Statement("UPDATE contents SET refs = refs + 1 WHERE id = ?1").Bind(1, id).Run("write");
    }

    /// <summary>Counts one row less; a content without any goes, with its pieces.</summary>
    /// <param name="db">The database.</param>
    /// <param name="id">The content; 0 is none.</param>
    /// <param name="files">Gets the data files that are free when the transaction has committed.</param>
    public static void Release(SqliteConnection db, long id, List<long> files)
    {
        if (id == 0)
            return;
        var (refs, kind) = db.Statement("SELECT refs, kind FROM contents WHERE id = ?1").Bind(1, id).First(static r => (r.Int64(0), (ContentKind)r.Int64(1)));
        if (refs == 0)
            throw new ObjectException(ObjectError.Damaged, $"the database is damaged: content {id} is referred to and does not exist");
        if (refs > 1)
        {
            db.Statement("UPDATE contents SET refs = refs - 1 WHERE id = ?1").Bind(1, id).Run("write");
            return;
        }

        if (kind == ContentKind.Pieces)
        {
            foreach (var piece in Pieces(db, id))
                Release(db, piece.Leaf, files);
            db.Statement("DELETE FROM pieces WHERE content = ?1").Bind(1, id).Run("write");
        }
        else if (kind == ContentKind.File)
        {
            files.Add(id);
        }

        db.Statement("DELETE FROM contents WHERE id = ?1").Bind(1, id).Run("write");
    }

    /// <summary>Contents with bytes of their own after an id, in order of ids; without their bytes.</summary>
    public static List<ContentRow> Leaves(SqliteConnection db, long after, int max) =>
        db.Statement("SELECT id, kind, length, crc, seal FROM contents WHERE id > ?1 AND kind IN (0, 1) ORDER BY id LIMIT ?2").Bind(1, after).Bind(2, max).All(static r =>
            new ContentRow(r.Int64(0), (ContentKind)r.Int64(1), r.Int64(2), (uint)r.Int64(3), r.BytesOrNull(4), null));
}
