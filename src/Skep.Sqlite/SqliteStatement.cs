using System.Text;

namespace Skep.Sqlite;

/// <summary>A prepared statement. Parameters count from 1, columns from 0, as in SQLite.</summary>
public sealed unsafe class SqliteStatement : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly StatementHandle _handle;

    internal SqliteStatement(SqliteConnection connection, StatementHandle handle)
    {
        _connection = connection;
        _handle = handle;
    }

    /// <summary>Binds a number.</summary>
    public SqliteStatement Bind(int index, long value)
    {
        _connection.Check(Sqlite3.BindInt64(_handle, index, value), "write");
        return this;
    }

    /// <summary>Binds a number, or NULL.</summary>
    public SqliteStatement Bind(int index, long? value)
    {
        if (value is { } number)
            return Bind(index, number);
        _connection.Check(Sqlite3.BindNull(_handle, index), "write");
        return this;
    }

    /// <summary>Binds text.</summary>
    public SqliteStatement BindText(int index, string value) => BindText(index, Encoding.UTF8.GetBytes(value));

    /// <summary>Binds text that is UTF-8 already.</summary>
    public SqliteStatement BindText(int index, ReadOnlySpan<byte> utf8)
    {
        byte none = 0;
        fixed (byte* start = utf8)
        {
            // A null pointer would bind NULL; empty text needs an address.
            _connection.Check(Sqlite3.BindText(_handle, index, start is null ? &none : start, utf8.Length, Sqlite3.Transient), "write");
        }

        return this;
    }

    /// <summary>Binds bytes.</summary>
    public SqliteStatement BindBlob(int index, ReadOnlySpan<byte> value)
    {
        byte none = 0;
        fixed (byte* start = value)
            _connection.Check(Sqlite3.BindBlob(_handle, index, start is null ? &none : start, value.Length, Sqlite3.Transient), "write");
        return this;
    }

    /// <summary>Binds bytes, or NULL.</summary>
    public SqliteStatement BindBlobOrNull(int index, byte[]? value)
    {
        if (value is not null)
            return BindBlob(index, value);
        _connection.Check(Sqlite3.BindNull(_handle, index), "write");
        return this;
    }

    /// <summary>Reads the first row and makes the statement ready for the next use; default when there is none.</summary>
    public T? First<T>(Func<SqliteStatement, T> read)
    {
        try
        {
            return Step("read") ? read(this) : default;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Reads all rows and makes the statement ready for the next use.</summary>
    public List<T> All<T>(Func<SqliteStatement, T> read)
    {
        var rows = new List<T>();
        try
        {
            while (Step("read"))
                rows.Add(read(this));
        }
        finally
        {
            Reset();
        }

        return rows;
    }

    /// <summary>Advances to the next row; false after the last. The caller resets.</summary>
    public bool Step(string action)
    {
        var result = Sqlite3.Step(_handle);
        return result switch
        {
            Sqlite3.Row => true,
            Sqlite3.Done => false,
            _ => throw Fail(action, result),
        };
    }

    /// <summary>Runs to the end and makes the statement ready for the next use.</summary>
    public void Run(string action)
    {
        try
        {
            while (Step(action))
            {
            }
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Makes the statement ready for the next use.</summary>
    public void Reset() => _ = Sqlite3.Reset(_handle); // repeats the error of the last step, which was reported then

    /// <summary>A column as a number.</summary>
    public long Int64(int column) => Sqlite3.ColumnInt64(_handle, column);

    /// <summary>Whether a column is NULL.</summary>
    public bool IsNull(int column) => Sqlite3.ColumnType(_handle, column) == Sqlite3.TypeNull;

    /// <summary>A column as a number, or null.</summary>
    public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    /// <summary>A column as text.</summary>
    public string Text(int column) => Encoding.UTF8.GetString(Utf8(column));

    /// <summary>A column's text as UTF-8, valid until the next step or reset.</summary>
    public ReadOnlySpan<byte> Utf8(int column)
    {
        var start = Sqlite3.ColumnText(_handle, column);
        return new ReadOnlySpan<byte>(start, start is null ? 0 : Sqlite3.ColumnBytes(_handle, column));
    }

    /// <summary>A column's bytes, valid until the next step or reset.</summary>
    public ReadOnlySpan<byte> Blob(int column)
    {
        var start = Sqlite3.ColumnBlob(_handle, column);
        return new ReadOnlySpan<byte>(start, start is null ? 0 : Sqlite3.ColumnBytes(_handle, column));
    }

    /// <summary>A copy of a column's bytes, or null.</summary>
    public byte[]? BytesOrNull(int column) => IsNull(column) ? null : Blob(column).ToArray();

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private SqliteException Fail(string action, int result)
    {
        // The message is taken before the reset, which may replace it.
        var error = _connection.Error(action, result);
        Reset();
        return error;
    }
}
