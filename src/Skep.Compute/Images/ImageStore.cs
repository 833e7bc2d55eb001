using System.Security.Cryptography;
using Skep.Core.Hosting;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Images;

/// <summary>The data directory's images folder: finished images, and a staging folder for those in the making.</summary>
public sealed class ImageStore(SkepOptions options)
{
    /// <summary>Others pass through to files they are told of (machines run as another user), but cannot look around.</summary>
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Machines read images and nobody writes them.</summary>
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The folder of finished images.</summary>
    public string Folder { get; } = options.PathOf("images");

    private string StagingFolder => Path.Combine(Folder, ".staging");

    /// <summary>The path of a finished image's file.</summary>
    public string PathOf(string fileName) => Path.Combine(Folder, fileName);

    /// <summary>Makes an empty directory for work on one image; what an interrupted attempt left there goes.</summary>
    public string MakeStaging(string name)
    {
        Directory.CreateDirectory(Folder, FolderMode);
        Directory.CreateDirectory(StagingFolder, FolderMode);
        var path = Path.Combine(StagingFolder, name);
        RemoveStaging(name);
        Directory.CreateDirectory(path, FolderMode);
        return path;
    }

    /// <summary>
    /// Like <see cref="MakeStaging"/>, but keeps what is there: for downloads that go on where they broke off.
    /// </summary>
    public string MakeLastingStaging(string name)
    {
        Directory.CreateDirectory(Folder, FolderMode);
        Directory.CreateDirectory(StagingFolder, FolderMode);
        return Directory.CreateDirectory(Path.Combine(StagingFolder, name), FolderMode).FullName;
    }

    /// <summary>Removes a working directory.</summary>
    public void RemoveStaging(string name)
    {
        var path = Path.Combine(StagingFolder, name);
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    /// <summary>Names of the working directories that there are.</summary>
    public IReadOnlyList<string> ListStaging() =>
        Directory.Exists(StagingFolder) ? [.. Directory.GetDirectories(StagingFolder).Select(d => Path.GetFileName(d))] : [];

    /// <summary>Names of the files of finished images.</summary>
    public IReadOnlyList<string> ListFiles() =>
        Directory.Exists(Folder) ? [.. Directory.GetFiles(Folder).Select(f => Path.GetFileName(f))] : [];

    /// <summary>Takes a finished file in under a name, durably; returns its SHA-256 in hex.</summary>
    public async Task<string> PublishAsync(string file, string fileName, CancellationToken ct)
    {
        string digest;
        await using (var stream = new FileStream(file, System.IO.FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan))
            digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, ct));
        File.SetUnixFileMode(file, FileMode);
        DiskFile.SetOwner(file, new Linux.SystemUser("root", 0, 0));
        DiskFile.Publish(file, PathOf(fileName));
        return digest;
    }

    /// <summary>Removes an image's file, if it is there.</summary>
    public void Remove(string fileName)
    {
        File.Delete(PathOf(fileName));
        if (Directory.Exists(Folder))
            DiskFile.SyncDirectory(Folder);
    }

    /// <summary>Fails early, and in words, when there is not room for so many bytes.</summary>
    /// <exception cref="ImageBuildException">The file system has less free.</exception>
    public void RequireSpace(long bytes)
    {
        var free = new DriveInfo(Folder).AvailableFreeSpace;
        if (free < bytes)
            throw new ImageBuildException($"{Folder} has {free >> 20} MiB free; this image needs {bytes >> 20} MiB");
    }
}
