using Skep.Core.Resources;
using Skep.Sqlite;

namespace Skep.Core.Store.Sqlite;

public sealed partial class SqliteLog
{
    private LogState Open()
    {
        if (_writer is not null)
            throw new InvalidOperationException("the log is open already");
        try
        {
            return OpenDatabase();
        }
        catch
        {
            Close();
            throw;
        }
    }

    private LogState OpenDatabase()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        _lock = DatabaseLock.Take(_path);
        if (!File.Exists(_path))
        {
            // SQLite would make it readable by all; its write-ahead log takes the mode of the database.
            const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            new FileStream(_path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = ownerOnly }).Dispose();
        }

        _writer = SqliteConnection.Open(_path, readOnly: false);
        LogSchema.Migrations.Apply(_writer);
        // FULL syncs the write-ahead log at every commit: an acknowledged write survives power loss.
        _writer.Execute("PRAGMA synchronous = FULL");
        // A checkpoint copies each page once however often it changed, so fewer of them write less.
        _writer.Execute("PRAGMA wal_autocheckpoint = 4000");
        _writer.Execute("PRAGMA journal_size_limit = 67108864");
        _cipher = new DocumentCipher(OpenSecretsKey(_writer));
        _reader = SqliteConnection.Open(_path, readOnly: true);

        var compacted = CompactedRevision(_writer);
        _revision = Math.Max(compacted, _writer.QueryInt64("SELECT max(revision) FROM log"));
        var newest = _writer.QueryInt64("SELECT max(revision) FROM resources");
        if (newest > _revision)
            throw new IOException($"{_path} is damaged: a resource has revision {newest}, but the log ends at {_revision}; restore the data directory from a backup");
        return new LogState(_revision, compacted, ReadResources(_writer));
    }

    /// <summary>The key that belongs to the database, made together with it.</summary>
    private SecretsKey OpenSecretsKey(SqliteConnection writer)
    {
        var expected = writer.Query("SELECT value FROM facts WHERE name = 'secrets_key_id'", static row => row.Blob(0).ToArray());
        var key = SecretsKey.Read(_secretsKeyPath);
        if (expected is not null)
        {
            if (key is null)
                throw new IOException($"{_secretsKeyPath} is missing, and {_path} holds documents encrypted with it (key {Convert.ToHexStringLower(expected)}): restore it from the backup of the data directory");
            if (!key.Id.AsSpan().SequenceEqual(expected))
                throw new IOException($"{_secretsKeyPath} is key {Convert.ToHexStringLower(key.Id)}, but {_path} belongs to key {Convert.ToHexStringLower(expected)}: restore the right file from the backup of the data directory");
            return key;
        }

        // The file comes first: a crash in between leaves a key without a database, which the next start adopts.
        key ??= SecretsKey.Create(_secretsKeyPath);
        writer.InWriteTransaction(() =>
            writer.Statement("INSERT INTO facts (name, value) VALUES ('secrets_key_id', ?1)").BindBlob(1, key.Id).Run("write"));
        return key;
    }

    private List<Resource> ReadResources(SqliteConnection connection)
    {
        var resources = new List<Resource>();
        var keys = new KeyReader();
        var rows = connection.Statement("SELECT key, revision, document FROM resources ORDER BY key");
        try
        {
            while (rows.Step("read"))
            {
                var key = keys.Read(rows.Utf8(0));
                resources.Add(new Resource(key, rows.Int64(1), Document(key, rows.Blob(2))));
            }
        }
        finally
        {
            rows.Reset();
        }

        return resources;
    }

    private byte[] Document(ResourceKey key, ReadOnlySpan<byte> stored) =>
        DocumentCipher.IsEncrypted(stored) ? _cipher!.Decrypt(key, stored) : stored.ToArray();
}
