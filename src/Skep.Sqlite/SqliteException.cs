namespace Skep.Sqlite;

/// <summary>
/// SQLite refused something. The message names the file and the cause; <see cref="ResultCode"/> is SQLite's extended
/// result code (https://sqlite.org/rescode.html).
/// </summary>
public sealed class SqliteException : IOException
{
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int NotADatabase = 26;

    internal SqliteException(string path, string action, int resultCode, string engineMessage, string? systemMessage)
        : base($"cannot {action} {path}: {Cause(resultCode, engineMessage, systemMessage)}") => ResultCode = resultCode;

    /// <summary>The extended result code, for example 778 for SQLITE_IOERR_WRITE.</summary>
    public int ResultCode { get; }

    /// <summary>Whether the file is damaged or was never a database.</summary>
    public bool IsCorruption => (ResultCode & 0xff) is Corrupt or NotADatabase;

    /// <summary>Whether there was no room on the disk.</summary>
    public bool IsDiskFull => (ResultCode & 0xff) is Full;

    private static string Cause(int resultCode, string engineMessage, string? systemMessage)
    {
        var detail = systemMessage is null ? $"SQLite: {engineMessage}, code {resultCode}" : $"SQLite: {engineMessage}, code {resultCode}, {systemMessage}";
        // The primary result code is the low byte of the extended one.
        return (resultCode & 0xff) switch
        {
            3 => $"no permission ({detail})",
            5 or 6 => $"another process holds the database ({detail})",
            7 => $"out of memory ({detail})",
            8 => $"the file or its directory is read-only ({detail})",
            10 => $"the disk reports an error ({detail})",
            Corrupt => $"the database is damaged; restore the data directory from a backup ({detail})",
            Full => $"the disk is full ({detail})",
            14 => $"the file cannot be opened ({detail})",
            NotADatabase => $"the file is not a database, or is damaged; restore the data directory from a backup ({detail})",
            _ => detail,
        };
    }
}
