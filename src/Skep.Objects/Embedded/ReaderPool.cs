using System.Collections.Concurrent;
using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>Connections for reading, made when they are needed, at most so many. Thread-safe.</summary>
internal sealed class ReaderPool(string path, int max) : IDisposable
{
    private readonly SemaphoreSlim _room = new(max);
    private readonly ConcurrentBag<SqliteConnection> _idle = [];

    /// <summary>Runs a function in a read transaction: all that it reads is of one moment, after all that has been answered.</summary>
    public async ValueTask<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken ct)
    {
        await _room.WaitAsync(ct);
        try
        {
            return Read(read);
        }
        finally
        {
            _room.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_idle.TryTake(out var connection))
            connection.Dispose();
        _room.Dispose();
    }

    private T Read<T>(Func<SqliteConnection, T> read)
    {
        if (!_idle.TryTake(out var connection))
            connection = SqliteConnection.Open(path, readOnly: true);
        try
        {
            connection.Execute("BEGIN");
            return read(connection);
        }
        catch (SqliteException ex)
        {
            throw Disk.DiskErrors.Translate(ex, "reading the database");
        }
        finally
        {
            connection.RollBack();
            _idle.Add(connection);
        }
    }
}
