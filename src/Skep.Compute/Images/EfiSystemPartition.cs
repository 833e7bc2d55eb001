namespace Skep.Compute.Images;

/// <summary>
/// A FAT file system with systemd-boot and one boot entry: what UEFI firmware finds without any variable set. Files are
/// written by mtools, so that nothing has to be mounted.
/// </summary>
internal static class EfiSystemPartition
{
    /// <summary>Makes the file system in <paramref name="fileName"/>.</summary>
    /// <param name="tools">The build.</param>
    /// <param name="fileName">The file to make, in the build's directory.</param>
    /// <param name="sizeBytes">Size of the file system.</param>
    /// <param name="efiName">The loader's name on the partition: BOOTX64.EFI.</param>
    /// <param name="loader">systemd-boot's file.</param>
    /// <param name="entry">The boot entry.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task WriteAsync(BuildTools tools, string fileName, long sizeBytes, string efiName, string loader, BootEntry entry, CancellationToken ct)
    {
        var image = tools.PathOf(fileName);
        await using (var file = new FileStream(image, FileMode.Create, FileAccess.Write))
            file.SetLength(sizeBytes);
        await tools.RunAsync("mkfs.vfat", ["-n", "ESP", "-i", "534b4550", image], ct);
        var folder = $"::{entry.Folder}";
        List<string> folders = ["::EFI", "::EFI/BOOT", "::EFI/systemd", "::loader", "::loader/entries"];
        for (var slash = entry.Folder.IndexOf('/', 1); slash > 0; slash = entry.Folder.IndexOf('/', slash + 1))
            folders.Add($"::{entry.Folder[..slash]}");
        if (entry.Folder.Length > 1)
            folders.Add(folder);
        await tools.RunAsync("mmd", ["-i", image, .. folders], ct);

        // No timeout: nobody sits at the firmware's screen. Holding a key still brings the menu.
        await PutTextAsync(tools, image, "::loader/loader.conf", "timeout 0\n", ct);
        var path = entry.Folder.TrimEnd('/');
        await PutTextAsync(tools, image, $"::loader/entries/{entry.Name}.conf",
            $"title {entry.Title}\nlinux {path}/linux\ninitrd {path}/initrd.img\noptions {entry.Options}\n", ct);
        await PutAsync(tools, image, loader, $"::EFI/BOOT/{efiName}", ct);
        await PutAsync(tools, image, entry.Kernel, $"::{path}/linux", ct);
        await PutAsync(tools, image, entry.Initrd, $"::{path}/initrd.img", ct);
    }

    private static async Task PutTextAsync(BuildTools tools, string image, string target, string text, CancellationToken ct)
    {
        var file = tools.PathOf("esp-text");
        await File.WriteAllTextAsync(file, text, ct);
        await PutAsync(tools, image, file, target, ct);
    }

    private static Task PutAsync(BuildTools tools, string image, string source, string target, CancellationToken ct) =>
        tools.RunAsync("mcopy", ["-i", image, source, target], ct);
}

/// <summary>A boot loader entry (uapi-group.org, Boot Loader Specification, type 1).</summary>
/// <param name="Name">The entry's file name without ".conf".</param>
/// <param name="Title">What the menu shows.</param>
/// <param name="Folder">Where kernel and initrd lie on the partition: "/debian/initial".</param>
/// <param name="Kernel">The kernel's file on the host.</param>
/// <param name="Initrd">The initial RAM file system's file on the host.</param>
/// <param name="Options">The kernel's command line.</param>
internal sealed record BootEntry(string Name, string Title, string Folder, string Kernel, string Initrd, string Options);
