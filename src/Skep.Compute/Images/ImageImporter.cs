using Skep.Compute.Kinds;
using Skep.Core.Store;
using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Images;

/// <summary>
/// Turns every source of an ImageImport into one qcow2 file that stands alone. Whatever came from outside is judged by
/// <see cref="DiskImageProbe"/> first and then rewritten by a qemu-img without rights: no byte of a stranger's
/// header stays.
/// </summary>
public sealed class ImageImporter(ImageStore store, ImageBuilders builders, ImageDownloader downloader, CommandRunner runner, ResourceClient client)
{
    /// <summary>The user whose only purpose is to run machines and read what strangers made.</summary>
    private const string UserName = "skep-vm";
    private const int BufferSize = 1 << 20;

    /// <summary>Makes the file of an import below a working directory of the store.</summary>
    /// <exception cref="ImageBuildException">The source cannot become an image.</exception>
    public async Task<BuiltImage> MakeAsync(ImageImport import, string workName, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        var source = import.Spec.Source;
        try
        {
            if (source.Build is { } build)
                return await builders.Find(build)!.BuildAsync(store.MakeStaging(workName), progress, ct);
            if (source.Catalog is { } name)
                return await PullAsync(Catalog.Find(name)!, workName, progress, ct);
            return source.Path is { } path
                ? await ImportAsync(path, workName, progress, ct)
                : await CopyVolumeAsync(import.Metadata.Namespace!, source.Volume!, workName, progress, ct);
        }
        catch (Exception ex) when (DiskFile.IsDiskFull(ex) || (ex.InnerException is { } inner && DiskFile.IsDiskFull(inner)))
        {
            throw new ImageBuildException($"the disk of {store.Folder} is full: free some space and try again", ex);
        }
        catch (Exception ex) when (ex is CommandException or DiskImageException or IOException or UnauthorizedAccessException)
        {
            throw new ImageBuildException(ex.Message, ex);
        }
    }

    /// <summary>Downloads an image of the catalog.</summary>
    internal async Task<BuiltImage> PullAsync(CatalogImage image, string workName, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        var directory = store.MakeLastingStaging(workName);
        var file = Path.Combine(directory, "download");
        await downloader.DownloadAsync(image, file, progress, ct);
        var (path, _) = await RewriteAsync(file, Path.GetFileName(image.Url.AbsolutePath), directory, progress, ct);
        return new BuiltImage(path, image.Architecture, image.BootMode, image.DefaultUser, image.Description);
    }

    private async Task<BuiltImage> ImportAsync(string path, string workName, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new ImageBuildException(Directory.Exists(path) ? $"{path} is a directory; expected a disk image" : $"{path} does not exist on this node");
        progress.Report(new($"reading {path}", 0.01));
        await using var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        if (!source.CanSeek)
            throw new ImageBuildException($"{path} is not a regular file; expected a disk image");
        await DiskImageProbe.ReadAsync(source, file.Name, ct);

        // A copy: the reader without rights could not open the original, and the owner of the original could change it
        // between the judgement and its use.
        var directory = store.MakeStaging(workName);
        store.RequireSpace(2 * source.Length);
        var copy = Path.Combine(directory, "source");
        await CopyAsync(source, copy, progress, ct);
        var (made, content) = await RewriteAsync(copy, file.Name, directory, progress, ct);
        return new BuiltImage(made, GuestArchitecture.HostEc2Name, content == "GPT" || content == "qcow2" ? "uefi-preferred" : "bios", null, $"imported from {file.Name}");
    }

    private async Task<BuiltImage> CopyVolumeAsync(string ns, string volumeId, string workName, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        var (path, format, origin) = RequireIdleVolume(ns, volumeId);
        progress.Report(new($"copying {volumeId}", 0.1));
        var directory = store.MakeStaging(workName);
        var target = Path.Combine(directory, "image.qcow2");
        await new QemuImg(runner).ConvertToQcow2Async(path, format, target, compress: true, ct);
        RequireIdleVolume(ns, volumeId); // a machine that was started meanwhile may have written under our hands
        return new BuiltImage(
            target, origin?.Spec.Architecture ?? GuestArchitecture.HostEc2Name, origin?.Spec.BootMode ?? "uefi-preferred", origin?.Spec.DefaultUser, $"made from {volumeId}");
    }

    private (string Path, DiskImageFormat Format, Image? Origin) RequireIdleVolume(string ns, string volumeId)
    {
        var view = client.View;
        var key = new Core.Resources.ResourceKey(VolumeView.Resource, ns, volumeId);
        var volume = view.Get(key)?.View(ForeignJson.Default.VolumeView)
            ?? throw new ImageBuildException($"volume {volumeId} does not exist");
        if (volume.Status?.Path is not { } path)
            throw new ImageBuildException($"volume {volumeId} has no disk yet");
        if (volume.Spec.Attachment?.InstanceId is { Length: > 0 } instanceId
            && view.Get(ComputeKinds.Instance, ns, instanceId) is { } instance
            && instance.Status?.State is not (InstanceState.Stopped or InstanceState.Terminated))
        {
            throw new ImageBuildException($"volume {volumeId} is attached to {instanceId}, which is {instance.Status?.State ?? "pending"}: stop the instance first");
        }

        var origin = volume.Spec.ImageId is { } imageId ? view.Get(ComputeKinds.Image, ns, imageId) : null;
        return (path, volume.Status.Format == "raw" ? DiskImageFormat.Raw : DiskImageFormat.Qcow2, origin);
    }

    /// <summary>Judges a file in the working directory and rewrites it as a qcow2 of our own.</summary>
    private async Task<(string Path, string Content)> RewriteAsync(string file, string name, string directory, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        DiskImageFacts facts;
        await using (var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1))
            facts = await DiskImageProbe.ReadAsync(stream, name, ct);
        store.RequireSpace(new FileInfo(file).Length);
        var user = SystemUser.IsRoot ? await SystemUser.EnsureAsync(runner, UserName, ct) : null;
        DiskFile.SetOwner(directory, user);
        DiskFile.SetOwner(file, user);
        var qemuImg = new QemuImg(runner) { User = user };
        progress.Report(new($"checking {name}", 0.5));
        var info = await qemuImg.InfoAsync(file, facts.Format, ct);
        if (info.BackingFile is { } backing)
            throw new ImageBuildException($"{name} has a backing file ({backing}): an imported image must stand alone");
        if (facts.Format is DiskImageFormat.Qcow2)
            await qemuImg.CheckAsync(file, ct);
        progress.Report(new($"converting {name}", 0.6));
        var target = Path.Combine(directory, "image.qcow2");
        File.Delete(target);
        await qemuImg.ConvertToQcow2Async(file, facts.Format, target, compress: false, ct);
        File.Delete(file);
        return (target, facts.Content);
    }

    private static async Task CopyAsync(FileStream source, string target, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        await using var copy = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1);
        copy.SetLength(source.Length);
        source.Position = 0;
        var buffer = new byte[BufferSize];
        int count;
        for (long done = 0; (count = await source.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, ct)) > 0; done += count)
        {
            if (buffer.AsSpan(0, count).IndexOfAnyExcept((byte)0) >= 0)
            {
                copy.Position = done;
                await copy.WriteAsync(buffer.AsMemory(0, count), ct);
            }

            progress.Report(new($"copying {Path.GetFileName(source.Name)}", 0.02 + 0.45 * (done + count) / source.Length));
        }
    }
}
