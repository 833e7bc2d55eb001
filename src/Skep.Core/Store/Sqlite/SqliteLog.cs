using System.Text.Unicode;
using Skep.Core.Resources;
using Skep.Sqlite;

namespace Skep.Core.Store.Sqlite;

/// <summary>
/// The log and its view as two tables of one SQLite database, written in one transaction. WAL and
/// <c>synchronous=FULL</c>: what was appended survives power loss. Documents of sensitive kinds are encrypted. One
/// process at a time may have the database open.
/// </summary>
public sealed partial class SqliteLog : IResourceLog
{
    /// <summary>The database's name in the data directory.</summary>
    public const string DatabaseFileName = "skep.db";

    /// <summary>The encryption key's name in the data directory.</summary>
    public const string SecretsKeyFileName = "secrets.key";

    /// <summary>Rows that compaction removes in one transaction: appends wait no longer than that takes.</summary>
    private const int CompactionRowsMax = 1_000;

    /// <summary>Key text up to this many bytes needs no allocation.</summary>
    private const int KeyBytesOnStackMax = 1_024;

    private readonly string _path;
    private readonly string _secretsKeyPath;
    private readonly Func<GroupResource, bool> _isSensitive;
    private readonly SerialThread _thread = new("skep-store");
    private readonly SemaphoreSlim _readerGate = new(1);
    private DatabaseLock? _lock;
    private DocumentCipher? _cipher;
    private SqliteConnection? _writer;
    private SqliteConnection? _reader;
    private long _revision;
    private bool _isDisposed;

    /// <summary>A log in a data directory, with the sensitive kinds of a registry.</summary>
    public SqliteLog(string dataDirectory, KindRegistry kinds)
        : this(dataDirectory, resource => kinds.TryGet(resource, out var kind) && kind.IsSensitive)
    {
    }

    /// <summary>A log in a data directory; documents of the kinds that <paramref name="isSensitive"/> names are encrypted.</summary>
    public SqliteLog(string dataDirectory, Func<GroupResource, bool> isSensitive)
    {
        _path = Path.Combine(dataDirectory, DatabaseFileName);
        _secretsKeyPath = Path.Combine(dataDirectory, SecretsKeyFileName);
        _isSensitive = isSensitive;
    }

    /// <summary>The connection that writes, for tests that break it.</summary>
    internal SqliteConnection Writer => _writer ?? throw NotOpen();

    /// <inheritdoc/>
    /// <exception cref="IOException">The database is in use, damaged, of a newer version, of another program, or its key
    /// is missing or wrong. The message says which.</exception>
    public Task<LogState> OpenAsync(CancellationToken ct) => _thread.RunAsync(Open);

    /// <inheritdoc/>
    public Task AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken ct) => _thread.RunAsync(() => Append(entries));

    /// <inheritdoc/>
    public async Task CompactAsync(long revision, CancellationToken ct)
    {
        while (await _thread.RunAsync(() => CompactSome(revision)))
            ct.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _readerGate.WaitAsync();
        try
        {
            await _thread.RunAsync(Close);
        }
        finally
        {
            _readerGate.Release();
        }

        _thread.Dispose();
    }

    private static long TypeCode(ChangeType type) => type switch
    {
        ChangeType.Create => 0,
        ChangeType.Update => 1,
        ChangeType.Delete => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "a check is not an entry"),
    };

    private static ChangeType TypeOf(long code) => code switch
    {
        0 => ChangeType.Create,
        1 => ChangeType.Update,
        2 => ChangeType.Delete,
        _ => throw new IOException($"the log holds a change of unknown type {code}"),
    };

    private static InvalidOperationException NotOpen() => new("the log is not open");

    private bool Close()
    {
        _reader?.Dispose();
        _reader = null;
        // Closing the last connection folds the write-ahead log into the database.
        _writer?.Dispose();
        _writer = null;
        _cipher?.Dispose();
        _cipher = null;
        _lock?.Dispose();
        _lock = null;
        return true;
    }

    private bool Append(IReadOnlyList<LogEntry> entries)
    {
        if (entries.Count == 0)
            return true;
        if (entries[0].Revision != _revision + 1)
            throw new InvalidOperationException($"the log is at revision {_revision} and cannot take revision {entries[0].Revision} next");
        var writer = Writer;
        writer.InWriteTransaction(() =>
        {
            // The last change of each resource is its state; those before it need not touch the view.
            var last = new Dictionary<ResourceKey, long>(entries.Count);
            foreach (var entry in entries)
                last[entry.Key] = entry.Revision;
            Span<byte> buffer = stackalloc byte[KeyBytesOnStackMax];
            foreach (var entry in entries)
            {
                var stored = _isSensitive(entry.Key.GroupResource) ? _cipher!.Encrypt(entry.Key, entry.Json.Span) : entry.Json.Span;
                Insert(writer, entry, KeyText(entry.Key, buffer), stored, updatesView: last[entry.Key] == entry.Revision);
            }
        });
        _revision = entries[^1].Revision;
        return true;
    }

    private static void Insert(SqliteConnection writer, LogEntry entry, ReadOnlySpan<byte> key, ReadOnlySpan<byte> stored, bool updatesView)
    {
        writer.Statement("INSERT INTO log (revision, type, key, document) VALUES (?1, ?2, ?3, ?4)")
            .Bind(1, entry.Revision).Bind(2, TypeCode(entry.Type)).BindText(3, key).BindBlob(4, stored).Run("write");
        if (!updatesView)
            return;
        if (entry.Type == ChangeType.Delete)
        {
            writer.Statement("DELETE FROM resources WHERE key = ?1").BindText(1, key).Run("write");
            return;
        }

        writer.Statement(
            """
            INSERT INTO resources (key, revision, document) VALUES (?1, ?2, ?3)
            ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, document = excluded.document
            """).BindText(1, key).Bind(2, entry.Revision).BindBlob(3, stored).Run("write");
    }

    /// <summary>"group/resource/namespace/name" as UTF-8, the form of <see cref="ResourceKey.ToString"/>.</summary>
    private static ReadOnlySpan<byte> KeyText(ResourceKey key, Span<byte> buffer) =>
        Utf8.TryWrite(buffer, $"{key.GroupResource.Group}/{key.GroupResource.Resource}/{key.Namespace}/{key.Name}", out var written)
            ? buffer[..written]
            : System.Text.Encoding.UTF8.GetBytes(key.ToString());

    /// <summary>Removes some of the entries up to a revision; false when none are left.</summary>
    private bool CompactSome(long upTo)
    {
        var writer = Writer;
        upTo = Math.Min(upTo, _revision);
        var compacted = CompactedRevision(writer);
        if (upTo <= compacted)
            return false;
        var reached = Math.Min(upTo, compacted + CompactionRowsMax);
        writer.InWriteTransaction(() =>
        {
            writer.Statement("DELETE FROM log WHERE revision <= ?1").Bind(1, reached).Run("write");
            writer.Statement("UPDATE facts SET value = ?1 WHERE name = 'compacted_revision'").Bind(1, reached).Run("write");
        });
        return reached < upTo;
    }

    private static long CompactedRevision(SqliteConnection connection) =>
        connection.QueryInt64("SELECT value FROM facts WHERE name = 'compacted_revision'");
}
