using Skep.Objects.Disk;

namespace Skep.Objects.Embedded;

/// <summary>
/// Keeps room on the disk for the database: what adds data is refused when less than a reserve is free, and a file of
/// ballast is given up when the database finds no room even so, so that deletions go on. Used by the committer's thread, and
/// its check by all.
/// </summary>
internal sealed class Ballast(string path, IDataDisk disk, long reserveBytes)
{
    private const long BallastBytesMax = 16 * 1024 * 1024;

    private readonly long _ballastBytes = Math.Min(BallastBytesMax, reserveBytes / 2);
    private bool _isReleased = true;

    /// <summary>Whether it was given up, or there was no room for it.</summary>
    public bool IsReleased => _isReleased && _ballastBytes > 0;

    /// <summary>Makes the file if it is not there and there is room.</summary>
    public void Restore()
    {
        if (!_isReleased || _ballastBytes == 0 || disk.FreeBytes < reserveBytes + _ballastBytes)
            return;
        // Allocated, not only declared: posix_fallocate. Begun anew, because a crash may have left part of it.
        File.Delete(path);
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, _ballastBytes);
        _isReleased = false;
    }

    /// <summary>Whether data may be added.</summary>
    public bool HasSpace() => disk.FreeBytes >= reserveBytes;

    /// <summary>Fails when no data may be added.</summary>
    public void RequireSpace(string what)
    {
        if (!HasSpace())
            throw Refusal(what);
    }

    /// <summary>The failure of what would add data.</summary>
    public ObjectException Refusal(string what) =>
        new(ObjectError.NoSpace, $"{what}: the disk is nearly full: {disk.FreeBytes} bytes are free, and {reserveBytes} are kept for the database");

    /// <summary>Gives the ballast up.</summary>
    public void Release()
    {
        _isReleased = true;
        File.Delete(path);
    }
}
