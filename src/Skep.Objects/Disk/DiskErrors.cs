namespace Skep.Objects.Disk;

/// <summary>Tells failures of the disk apart and makes them the store's.</summary>
internal static class DiskErrors
{
    private const int ENOSPC = 28;
    private const int EDQUOT = 122;

    /// <summary>Whether there was no room. On Linux .NET keeps errno in HResult.</summary>
    public static bool IsFull(Exception exception) =>
        exception is Sqlite.SqliteException { IsDiskFull: true } or IOException { HResult: ENOSPC or EDQUOT };

    /// <summary>The failure of a disk without room.</summary>
    public static IOException Full(string what) => new($"no space left on the disk of {what}", ENOSPC);

    /// <summary>The store's failure for a disk's.</summary>
    public static ObjectException Translate(Exception exception, string what) => exception switch
    {
        ObjectException known => known,
        Sqlite.SqliteException { IsCorruption: true } => new ObjectException(ObjectError.Damaged, $"{what}: {exception.Message}", exception),
        _ when IsFull(exception) => new ObjectException(ObjectError.NoSpace, $"{what}: {exception.Message}", exception),
        _ => new ObjectException(ObjectError.Io, $"{what}: {exception.Message}", exception),
    };
}
