namespace Skep.Objects.Disk;

/// <summary>
/// The data files of a store: the seam at which a simulated disk stands in. As on a POSIX file system a file's content is
/// durable only after its <see cref="IDataFile.Sync"/>, a name only after its directory's sync. A full disk is an
/// <see cref="IOException"/> of which <see cref="DiskErrors.IsFull"/> is true. Thread-safe.
/// </summary>
internal interface IDataDisk
{
    /// <summary>Bytes that the disk has left.</summary>
    long FreeBytes { get; }

    /// <summary>Makes what a crash may have left ready: temporary files go, and directories that exist become durable.</summary>
    void Prepare();

    /// <summary>Makes a temporary file.</summary>
    IDataFile Create(long id);

    /// <summary>Gives a temporary file its lasting name; durable after <see cref="SyncDirectory"/>.</summary>
    void Publish(long id);

    /// <summary>Removes a temporary file; one that is not there is no error.</summary>
    void Discard(long id);

    /// <summary>Makes the names in a directory durable, and the directory's own.</summary>
    /// <param name="directory">What <see cref="DataNames.DirectoryOf"/> says.</param>
    void SyncDirectory(long directory);

    /// <summary>Opens a published file for reading.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    IDataFile Open(long id);

    /// <summary>Removes a published file; one that is not there is no error. Who has it open goes on reading.</summary>
    void Delete(long id);

    /// <summary>The ids of all published files, in no order.</summary>
    IEnumerable<long> List();
}
