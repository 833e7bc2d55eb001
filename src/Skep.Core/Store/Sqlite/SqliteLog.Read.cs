using Skep.Core.Resources;
using Skep.Sqlite;

namespace Skep.Core.Store.Sqlite;

public sealed partial class SqliteLog
{
    /// <summary>Bytes of documents after which a read stops early: a thousand large documents need not be in memory at once.</summary>
    private const int ReadBytesMax = 8 * 1024 * 1024;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LogEntry>> ReadAsync(long afterRevision, int limit, CancellationToken ct)
    {
        await _readerGate.WaitAsync(ct);
        try
        {
            var reader = _reader ?? throw NotOpen();
            return await Task.Run(() => Read(reader, afterRevision, limit), ct);
        }
        finally
        {
            _readerGate.Release();
        }
    }

    private List<LogEntry> Read(SqliteConnection reader, long after, int limit)
    {
        // One read transaction, so that no compaction comes between the check and the rows.
        reader.Execute("BEGIN");
        var rows = reader.Statement("SELECT revision, type, key, document FROM log WHERE revision > ?1 ORDER BY revision LIMIT ?2");
        try
        {
            var compacted = CompactedRevision(reader);
            if (after < compacted)
                throw ResourceException.Expired(after, compacted);
            var entries = new List<LogEntry>();
            var keys = new KeyReader();
            var bytes = 0L;
            rows.Bind(1, after).Bind(2, limit);
            while (bytes < ReadBytesMax && rows.Step("read"))
            {
                var key = keys.Read(rows.Utf8(2));
                var document = Document(key, rows.Blob(3));
                bytes += document.Length;
                entries.Add(new LogEntry(rows.Int64(0), TypeOf(rows.Int64(1)), key, document));
            }

            return entries;
        }
        finally
        {
            rows.Reset();
            reader.RollBack();
        }
    }
}
