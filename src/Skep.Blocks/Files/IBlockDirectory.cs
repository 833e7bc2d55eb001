namespace Skep.Blocks.Files;

/// <summary>
/// A flat directory of files on a local disk: the seam at which a simulated disk stands in. As on a POSIX file system a
/// name's creation, renaming and removal are durable only after <see cref="SyncAsync"/>, a file's content only after the
/// file's own sync. Failures are <see cref="IOException"/>s; a full disk is one whose message says so and whose
/// <see cref="FileErrors.IsDiskFull"/> is true.
/// </summary>
public interface IBlockDirectory
{
    /// <summary>Opens a file for reading and writing.</summary>
    /// <param name="name">A name without a separator.</param>
    /// <param name="mode">Whether it must, may or must not exist.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="FileNotFoundException">It does not exist and should.</exception>
    /// <exception cref="IOException">It exists and should not, or the disk failed.</exception>
    ValueTask<IBlockFile> OpenAsync(string name, BlockFileMode mode, CancellationToken ct);

    /// <summary>The names of all files, in no order.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct);

    /// <summary>Renames, replacing what has the new name.</summary>
    ValueTask RenameAsync(string name, string newName, CancellationToken ct);

    /// <summary>Removes a file; one that is not there is no error.</summary>
    ValueTask DeleteAsync(string name, CancellationToken ct);

    /// <summary>Makes all creations, renamings and removals so far durable.</summary>
    ValueTask SyncAsync(CancellationToken ct);

    /// <summary>Bytes that the disk has left.</summary>
    long FreeBytes { get; }

    /// <summary>Takes the directory for this process alone; gone with the process however it ends.</summary>
    /// <exception cref="IOException">Somebody else has it.</exception>
    ValueTask<IDisposable> LockAsync(CancellationToken ct);
}

/// <summary>Whether a file must exist when it is opened.</summary>
public enum BlockFileMode
{
    /// <summary>It must exist.</summary>
    Open,

    /// <summary>It is made if it does not exist.</summary>
    OpenOrCreate,

    /// <summary>It must not exist.</summary>
    CreateNew,
}
