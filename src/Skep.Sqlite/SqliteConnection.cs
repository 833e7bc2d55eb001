using System.Runtime.InteropServices;
using System.Text;

namespace Skep.Sqlite;

/// <summary>
/// One connection with its prepared statements. Not thread-safe: SQLite's own mutex is off, so one thread at a time may
/// use it.
/// </summary>
public sealed unsafe class SqliteConnection : IDisposable
{
    private const int BusyTimeoutMs = 5_000;

    private readonly DatabaseHandle _database;
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);

    private SqliteConnection(string path, DatabaseHandle database)
    {
        Path = path;
        _database = database;
    }

    /// <summary>The database's file.</summary>
    public string Path { get; }

    /// <summary>Whether a transaction is open. Some errors end it by themselves.</summary>
    public bool InTransaction => Sqlite3.GetAutocommit(_database) == 0;

    /// <summary>Rows changed since the connection was opened; wraps around.</summary>
    public int TotalChanges => Sqlite3.TotalChanges(_database);

    /// <summary>Opens a file; a missing one is made unless <paramref name="readOnly"/>.</summary>
    public static SqliteConnection Open(string path, bool readOnly)
    {
        Sqlite3.RequireLibrary();
        var flags = Sqlite3.OpenNoMutex | Sqlite3.OpenExtendedResultCodes
            | (readOnly ? Sqlite3.OpenReadOnly : Sqlite3.OpenReadWrite | Sqlite3.OpenCreate);
        var result = Sqlite3.Open(path, out var database, flags, vfs: 0);
        var connection = new SqliteConnection(path, database);
        if (result != Sqlite3.Ok)
        {
            using (connection)
                throw connection.Error("open", result);
        }

        _ = Sqlite3.BusyTimeout(database, BusyTimeoutMs);
        return connection;
    }

    /// <summary>The statement of a text, prepared on first use and kept until the connection is closed.</summary>
    public SqliteStatement Statement(string sql)
    {
        if (_statements.TryGetValue(sql, out var known))
            return known;
        var text = Encoding.UTF8.GetBytes(sql);
        fixed (byte* start = text)
        {
            Check(Sqlite3.Prepare(_database, start, text.Length, Sqlite3.PreparePersistent, out var handle, out _), "read");
            return _statements[sql] = new SqliteStatement(this, handle);
        }
    }

    /// <summary>Runs statements that return nothing of interest.</summary>
    public void ExecuteScript(string sql)
    {
        var text = Encoding.UTF8.GetBytes(sql);
        fixed (byte* start = text)
        {
            var next = start;
            var end = start + text.Length;
            while (next < end)
            {
                Check(Sqlite3.Prepare(_database, next, (int)(end - next), 0, out var handle, out next), "read");
                if (handle.IsInvalid)
                    continue; // comments or blanks after the last statement
                using var statement = new SqliteStatement(this, handle);
                while (statement.Step("write"))
                {
                }
            }
        }
    }

    /// <summary>Runs a statement without parameters or results, prepared once.</summary>
    public void Execute(string sql) => Statement(sql).Run("write");

    /// <summary>The first column of the first row as a number; 0 when there is none.</summary>
    public long QueryInt64(string sql) => Query(sql, static row => row.Int64(0));

    /// <summary>The first column of the first row as text; null when there is none.</summary>
    public string? QueryText(string sql) => Query(sql, static row => row.Text(0));

    /// <summary>Reads the first row.</summary>
    public T? Query<T>(string sql, Func<SqliteStatement, T> read) => Statement(sql).First(read);

    /// <summary>Runs a body in one transaction that writes; whatever it throws undoes all of it.</summary>
    public void InWriteTransaction(Action body)
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            body();
            Execute("COMMIT");
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    /// <summary>Ends an open transaction without effect.</summary>
    public void RollBack()
    {
        if (InTransaction)
            Execute("ROLLBACK");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _statements.Clear();
        _database.Dispose();
    }

    /// <summary>Throws for any result but success.</summary>
    public void Check(int result, string action)
    {
        if (result != Sqlite3.Ok)
            throw Error(action, result);
    }

    /// <summary>The exception for a result.</summary>
    public SqliteException Error(string action, int result)
    {
        if (_database.IsInvalid)
            return new SqliteException(Path, action, result, "out of memory", null);
        var message = Marshal.PtrToStringUTF8((nint)Sqlite3.ErrorMessage(_database)) ?? "";
        // The errno is that of the last failed system call, so it says something only where a system call is the cause.
        var errno = (result & 0xff) is Sqlite3.IoError or Sqlite3.CannotOpen ? Sqlite3.SystemErrno(_database) : 0;
        return new SqliteException(Path, action, result, message, errno == 0 ? null : Marshal.GetPInvokeErrorMessage(errno));
    }
}
