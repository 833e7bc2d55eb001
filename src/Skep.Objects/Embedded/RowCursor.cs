using Skep.Objects.Rules;
using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>
/// Walks rows with one statement whose parameters are the bucket (1), the key to begin with (2), and in <paramref name="within"/>
/// a number inside of the key (3). Column 0 is the key.
/// </summary>
internal sealed class RowCursor<T>(SqliteStatement fromKey, SqliteStatement? within, long bucket, Func<SqliteStatement, T> read) : IRowCursor<T>, IDisposable
{
    private SqliteStatement? _rows;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Key => _rows!.Blob(0);

    /// <inheritdoc/>
    public void Seek(ReadOnlySpan<byte> key)
    {
        _rows?.Reset();
        _rows = fromKey.Bind(1, bucket).BindBlob(2, key);
    }

    /// <summary>Moves behind a row of a key.</summary>
    public void SeekWithin(ReadOnlySpan<byte> key, long number)
    {
        _rows?.Reset();
        _rows = within!.Bind(1, bucket).BindBlob(2, key).Bind(3, number);
    }

    /// <inheritdoc/>
    public bool Next() => _rows!.Step("read");

    /// <inheritdoc/>
    public T Read() => read(_rows!);

    /// <inheritdoc/>
    public void Dispose() => _rows?.Reset();
}
