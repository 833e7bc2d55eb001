namespace Skep.Blocks.Files;

/// <summary>Tells the failures of files apart.</summary>
public static class FileErrors
{
    private const int ENOSPC = 28;
    private const int EDQUOT = 122;

    /// <summary>Whether there was no room. On Linux .NET keeps errno in HResult.</summary>
    public static bool IsDiskFull(Exception exception) => exception is IOException { HResult: ENOSPC or EDQUOT };

    /// <summary>The failure of a disk without room.</summary>
    public static IOException DiskFull(string what) => new($"no space left on the disk of {what}", ENOSPC);
}
