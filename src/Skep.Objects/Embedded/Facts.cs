using System.Security.Cryptography;
using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>The table facts.</summary>
internal static class Facts
{
    /// <summary>The store's own number, made with it.</summary>
    // Not from an injected source: two stores made with the same seed must not take each other's ids for their own.
    public static ulong StoreNumber(SqliteConnection db)
    {
        db.Statement("INSERT OR IGNORE INTO facts (name, value) VALUES ('store', ?1)").Bind(1, BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)))).Run("write");
        return (ulong)db.QueryInt64("SELECT value FROM facts WHERE name = 'store'");
    }

    /// <summary>Reserves ids for this process: none that an earlier one may have used.</summary>
    public static IdSource ReserveIds(SqliteConnection db)
    {
        var next = Math.Max(1, db.QueryInt64("SELECT value FROM facts WHERE name = 'next_id'"));
        db.Statement("INSERT OR REPLACE INTO facts (name, value) VALUES ('next_id', ?1)").Bind(1, next + IdSource.Step).Run("write");
        return new IdSource(next, next + IdSource.Step);
    }
}
