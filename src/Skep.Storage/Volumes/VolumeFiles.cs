using System.Text.Json.Nodes;
using Skep.Core.Hosting;
using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Storage.Volumes;

/// <summary>A folder of volumes, by default the data directory's: one qcow2 file a volume, owned by the user that machines run as.</summary>
internal sealed class VolumeFiles(SkepOptions options, CommandRunner runner)
{
    private const string UserName = "skep-vm";
    private const string Extension = ".qcow2";
    private const string TemporarySuffix = ".tmp";
    private const long GiB = 1L << 30;

    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private string Folder { get; init; } = options.PathOf("volumes");

    /// <summary>The same for a pool's folder; null for the data directory's.</summary>
    public VolumeFiles In(string? folder) => folder is null ? this : new VolumeFiles(options, runner) { Folder = folder };

    /// <summary>The path of a volume's file.</summary>
    public string PathOf(string volumeId) => Path.Combine(Folder, volumeId + Extension);

    /// <summary>Makes the folder, if it is not there.</summary>
    public void MakeFolder() => Directory.CreateDirectory(Folder, FolderMode);

    /// <summary>Whether the volume's file is there; it appears only when it is whole.</summary>
    public bool Exists(string volumeId) => File.Exists(PathOf(volumeId));

    /// <summary>
    /// Makes a volume's file: empty, or on top of an image. A file that is there already, from before a crash, stays.
    /// </summary>
    /// <param name="volumeId">The volume's name.</param>
    /// <param name="sizeGib">Its size.</param>
    /// <param name="imageFileName">The image's file in the images folder; null for an empty volume.</param>
    /// <param name="passphrase">What it is to be encrypted with; null for not.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="VolumeException">It cannot be made; nothing is left of the attempt.</exception>
    public Task MakeAsync(string volumeId, long sizeGib, string? imageFileName, DiskPassphrase? passphrase, CancellationToken ct) => MakeAsync(
        volumeId,
        passphrase,
        (tool, path) => imageFileName is null
            ? tool.CreateAsync(path, DiskImageFormat.Qcow2, sizeGib * GiB, ct)
            : MakeOverlayAsync(tool, path, imageFileName, sizeGib, ct),
        ct);

    /// <summary>
    /// Makes a volume's file on top of an export of an NBD server, from which what is not in the file yet is read. Whoever
    /// opens it waits for a server that is away instead of failing.
    /// </summary>
    /// <param name="volumeId">The volume's name.</param>
    /// <param name="sizeGib">Its size, not less than the export's.</param>
    /// <param name="socketPath">The server's Unix socket.</param>
    /// <param name="exportName">The export.</param>
    /// <param name="passphrase">What it is to be encrypted with; null for not.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="VolumeException">It cannot be made; nothing is left of the attempt.</exception>
    public Task MakeOnExportAsync(string volumeId, long sizeGib, string socketPath, string exportName, DiskPassphrase? passphrase, CancellationToken ct) => MakeAsync(
        volumeId,
        passphrase,
        (tool, path) => tool.CreateOverlayUnopenedAsync(path, BackingOf(socketPath, exportName), DiskImageFormat.Raw, sizeGib * GiB, ct),
        ct);

    private async Task MakeAsync(string volumeId, DiskPassphrase? passphrase, Func<QemuImg, string, Task> create, CancellationToken ct)
    {
        if (Exists(volumeId))
            return;
        var temporary = Path.Combine(Folder, volumeId + TemporarySuffix);
        try
        {
            MakeFolder();
            File.Delete(temporary);
            using var secret = passphrase is null ? null : SecretFile.Create(passphrase);
            await create(new QemuImg(runner) { SecretPath = secret?.Path }, temporary);
            File.SetUnixFileMode(temporary, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (SystemUser.IsRoot)
                DiskFile.SetOwner(temporary, await SystemUser.EnsureAsync(runner, UserName, ct));
            DiskFile.Publish(temporary, PathOf(volumeId));
        }
        catch (Exception ex)
        {
            File.Delete(temporary);
            if (DiskFile.IsDiskFull(ex))
                throw new VolumeException($"the disk of {Folder} is full") { IsTransient = true };
            if (ex is CommandException or IOException or UnauthorizedAccessException)
                throw new VolumeException(ex.Message);
            throw;
        }
    }

    /// <summary>Grows the disk in a file that no machine has open. One that has the size already stays as it is.</summary>
    /// <exception cref="VolumeException">It cannot be grown now; it is as it was.</exception>
    public async Task GrowAsync(string path, string format, long sizeGib, DiskPassphrase? passphrase, CancellationToken ct)
    {
        try
        {
            var diskFormat = format == "raw" ? DiskImageFormat.Raw : DiskImageFormat.Qcow2;
            using var secret = passphrase is null ? null : SecretFile.Create(passphrase);
            var tool = new QemuImg(runner) { SecretPath = secret?.Path };
            var info = await tool.InfoAsync(path, diskFormat, ct);
            if (info.VirtualSizeBytes < sizeGib * GiB)
                await tool.ResizeAsync(path, diskFormat, sizeGib * GiB, ct);
        }
        catch (Exception ex) when (ex is CommandException or IOException)
        {
            throw new VolumeException(ex.Message) { IsTransient = true };
        }
    }

    /// <summary>Removes a volume's file, if it is there.</summary>
    public void Remove(string volumeId)
    {
        if (!Directory.Exists(Folder))
            return;
        File.Delete(Path.Combine(Folder, volumeId + TemporarySuffix));
        File.Delete(PathOf(volumeId));
        DiskFile.SyncDirectory(Folder);
    }

    /// <summary>Removes files of volumes that are not known, and of attempts that a crash cut short; returns their names.</summary>
    public IReadOnlyList<string> RemoveUnknown(IReadOnlySet<string> volumeIds)
    {
        if (!Directory.Exists(Folder))
            return [];
        var removed = new List<string>();
        foreach (var path in Directory.GetFiles(Folder, "vol-*"))
        {
            var name = Path.GetFileName(path);
            if (name.EndsWith(Extension, StringComparison.Ordinal) && volumeIds.Contains(name[..^Extension.Length]))
                continue;
            if (!name.EndsWith(Extension, StringComparison.Ordinal) && !name.EndsWith(TemporarySuffix, StringComparison.Ordinal))
                continue; // somebody's copy: not ours to judge
            File.Delete(path);
            removed.Add(name);
        }

        return removed;
    }

    /// <summary>What stands in a qcow2 file for an NBD export (BlockdevOptionsNbd of qapi/block-core.json).</summary>
    private static string BackingOf(string socketPath, string exportName)
    {
        const int ReconnectSeconds = 24 * 60 * 60;
        var options = new JsonObject
        {
            ["driver"] = "raw",
            ["file"] = new JsonObject
            {
                ["driver"] = "nbd",
                ["server"] = new JsonObject { ["type"] = "unix", ["path"] = socketPath },
                ["export"] = exportName,
                ["reconnect-delay"] = ReconnectSeconds,
            },
        };
        return $"json:{options.ToJsonString()}";
    }

    private async Task MakeOverlayAsync(QemuImg tool, string path, string imageFileName, long sizeGib, CancellationToken ct)
    {
        var image = options.PathOf("images", imageFileName);
        if (!File.Exists(image))
            throw new VolumeException($"the image's file {image} does not exist on this node");
        var info = await tool.InfoAsync(image, DiskImageFormat.Qcow2, ct);
        if (sizeGib * GiB < info.VirtualSizeBytes)
        {
            var needed = (info.VirtualSizeBytes + GiB - 1) / GiB;
            throw new VolumeException($"{sizeGib} GiB are too small for the image, which needs {needed} GiB");
        }

        // Relative in the data directory, so that it can be moved as a whole.
        var backing = Folder == options.PathOf("volumes") ? Path.Combine("..", "images", imageFileName) : image;
        await tool.CreateOverlayAsync(path, backing, DiskImageFormat.Qcow2, sizeGib * GiB, ct);
    }
}
