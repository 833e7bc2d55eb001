using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Qemu;

/// <summary>
/// The files of captures in an instance's directory. Their names say what they are, so that any daemon knows: whether all of
/// the disk or changes alone, and whether the copy is whole.
/// </summary>
/// <param name="directory">The instance's directory; belongs to the user of machines.</param>
/// <param name="runner">Runs qemu-img.</param>
/// <param name="user">The user of machines; null where the daemon is not root.</param>
internal sealed class CaptureFiles(string directory, CommandRunner runner, SystemUser? user)
{
    private const string FullSuffix = ".full.qcow2";
    private const string ChangesSuffix = ".changes.qcow2";
    private const string UnfinishedSuffix = ".part";

    /// <summary>The size of clusters: the chunk store's blocks, so that none is copied in part.</summary>
    private const int ClusterBytes = 512 * 1024;

    /// <summary>Makes an empty file that the machine may open, encrypted if there is a passphrase; returns its path.</summary>
    /// <exception cref="CommandException">It cannot be made.</exception>
    public async Task<string> CreateAsync(string name, long sizeBytes, bool hasOnlyChanges, DiskPassphrase? passphrase, CancellationToken ct)
    {
        Remove(name);
        var path = PathOf(name, hasOnlyChanges) + UnfinishedSuffix;
        // As the user of machines, to whom the directory belongs: what it may have put there under this name is not followed
        // with more rights than it has itself.
        using var secret = passphrase is null ? null : SecretFile.Create(passphrase);
        if (secret is not null)
            DiskFile.SetOwner(secret.Path, user);
        await new QemuImg(runner) { User = user, SecretPath = secret?.Path }.CreateAsync(path, DiskImageFormat.Qcow2, sizeBytes, ClusterBytes, ct);
        return path;
    }

    /// <summary>Whether the file of a copy under way has changes alone; null when there is none.</summary>
    public bool? FindStarted(string name) =>
        File.Exists(PathOf(name, true) + UnfinishedSuffix) ? true : File.Exists(PathOf(name, false) + UnfinishedSuffix) ? false : null;

    /// <summary>The file of a copy that is whole; null when there is none.</summary>
    public string? FindComplete(string name) => ((string[])[PathOf(name, true), PathOf(name, false)]).FirstOrDefault(File.Exists);

    /// <summary>Whether a file has changes alone.</summary>
    public static bool HasOnlyChanges(string path) => path.EndsWith(ChangesSuffix, StringComparison.Ordinal);

    /// <summary>The copy is whole. Nothing happens when that was said before.</summary>
    public void Complete(string name)
    {
        foreach (var path in (string[])[PathOf(name, true), PathOf(name, false)])
        {
            if (!File.Exists(path + UnfinishedSuffix))
                continue;
            DiskFile.Publish(path + UnfinishedSuffix, path);
        }
    }

    /// <summary>Removes the files of a capture, if there are any.</summary>
    public void Remove(string name)
    {
        if (!Directory.Exists(directory))
            return;
        foreach (var path in (string[])[PathOf(name, true), PathOf(name, false)])
        {
            File.Delete(path + UnfinishedSuffix);
            File.Delete(path);
        }
    }

    private string PathOf(string name, bool hasOnlyChanges) => Path.Combine(directory, name + (hasOnlyChanges ? ChangesSuffix : FullSuffix));
}
