using System.Runtime.InteropServices;

namespace Skep.Sqlite;

/// <summary>
/// The functions of the system's SQLite library that are used (https://sqlite.org/c3ref/funclist.html). The soname
/// is given in full because the bare name exists only where the development package is installed.
/// </summary>
internal static unsafe partial class Sqlite3
{
    /// <summary>STRICT tables came with 3.37.0.</summary>
    public const int VersionMin = 3_037_000;

    public const int Ok = 0;
    public const int TypeNull = 5;
    public const int IoError = 10;
    public const int CannotOpen = 14;
    public const int Row = 100;
    public const int Done = 101;

    public const int OpenReadOnly = 0x1;
    public const int OpenReadWrite = 0x2;
    public const int OpenCreate = 0x4;
    public const int OpenNoMutex = 0x8000;
    public const int OpenExtendedResultCodes = 0x02000000;

    public const uint PreparePersistent = 1;

    /// <summary>SQLITE_TRANSIENT: SQLite copies what is bound.</summary>
    public const nint Transient = -1;

    private const string Library = "libsqlite3.so.0";

    /// <summary>Checks that the library is there and new enough.</summary>
    /// <exception cref="IOException">It is not; the message says which package brings it.</exception>
    public static void RequireLibrary()
    {
        int version;
        try
        {
            version = LibVersionNumber();
        }
        catch (DllNotFoundException ex)
        {
            throw new IOException($"the SQLite library {Library} is not installed: install the package libsqlite3-0 (Debian, Ubuntu) or sqlite-libs (Fedora)", ex);
        }

        if (version < VersionMin)
            throw new IOException($"the SQLite library {Library} has version {Text(version)}, and {Text(VersionMin)} or later is needed");
        return;

        static string Text(int version) => $"{version / 1_000_000}.{version / 1_000 % 1_000}.{version % 1_000}";
    }

    [LibraryImport(Library, EntryPoint = "sqlite3_libversion_number")]
    public static partial int LibVersionNumber();

    [LibraryImport(Library, EntryPoint = "sqlite3_open_v2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string fileName, out DatabaseHandle database, int flags, nint vfs);

    [LibraryImport(Library, EntryPoint = "sqlite3_close_v2")]
    public static partial int Close(nint database);

    [LibraryImport(Library, EntryPoint = "sqlite3_errmsg")]
    public static partial byte* ErrorMessage(DatabaseHandle database);

    [LibraryImport(Library, EntryPoint = "sqlite3_system_errno")]
    public static partial int SystemErrno(DatabaseHandle database);

    [LibraryImport(Library, EntryPoint = "sqlite3_busy_timeout")]
    public static partial int BusyTimeout(DatabaseHandle database, int milliseconds);

    [LibraryImport(Library, EntryPoint = "sqlite3_get_autocommit")]
    public static partial int GetAutocommit(DatabaseHandle database);

    [LibraryImport(Library, EntryPoint = "sqlite3_prepare_v3")]
    public static partial int Prepare(DatabaseHandle database, byte* sql, int length, uint flags, out StatementHandle statement, out byte* tail);

    [LibraryImport(Library, EntryPoint = "sqlite3_finalize")]
    public static partial int FinalizeStatement(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    public static partial int Step(StatementHandle statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_reset")]
    public static partial int Reset(StatementHandle statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64")]
    public static partial int BindInt64(StatementHandle statement, int index, long value);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_text")]
    public static partial int BindText(StatementHandle statement, int index, byte* value, int length, nint destructor);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_blob")]
    public static partial int BindBlob(StatementHandle statement, int index, byte* value, int length, nint destructor);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_null")]
    public static partial int BindNull(StatementHandle statement, int index);

    [LibraryImport(Library, EntryPoint = "sqlite3_total_changes")]
    public static partial int TotalChanges(DatabaseHandle database);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_type")]
    public static partial int ColumnType(StatementHandle statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64")]
    public static partial long ColumnInt64(StatementHandle statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_blob")]
    public static partial byte* ColumnBlob(StatementHandle statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_text")]
    public static partial byte* ColumnText(StatementHandle statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes")]
    public static partial int ColumnBytes(StatementHandle statement, int column);
}
