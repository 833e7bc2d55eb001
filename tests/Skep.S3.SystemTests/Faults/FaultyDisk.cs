using System.Diagnostics;
using Skep.Linux;
using Skep.SystemTests;

namespace Skep.S3.SystemTests.Faults;

/// <summary>
/// An ext4 file system on a disk that fails when told to: nbdkit's error filter, as a file by nbdfuse, under a loop device.
/// Needs root.
/// </summary>
internal sealed class FaultyDisk(string directory) : IAsyncDisposable
{
    private const string NbdkitPath = "/usr/bin/nbdkit";
    private const string NbdfusePath = "/usr/bin/nbdfuse";

    private readonly string _tools = Directory.CreateTempSubdirectory("skep-faulty-").FullName;
    private readonly Stack<Func<Task>> _undo = [];

    /// <summary>Whether it can be made here; the reason if not.</summary>
    public static string? Missing =>
        !Environment.IsPrivilegedProcess ? "needs root to mount a disk"
        : !File.Exists(NbdkitPath) || !File.Exists(NbdfusePath) ? "needs nbdkit and libnbd-bin"
        : !File.Exists("/dev/loop-control") || !File.Exists("/dev/fuse") ? "needs loop devices and FUSE"
        : null;

    private string Switch => Path.Combine(_tools, "fail");

    /// <summary>Makes the disk and mounts it.</summary>
    public async Task MountAsync()
    {
        var socket = Path.Combine(_tools, "socket");
        await StartAsync(() => UnixSocket.IsListening(socket), NbdkitPath, "--foreground", "--unix", socket, "--filter=error", "memory", "size=512M", "error=EIO", "error-rate=100%", $"error-file={Switch}");
        var image = Path.Combine(Directory.CreateDirectory(Path.Combine(_tools, "image")).FullName, "disk");
        await StartAsync(() => File.Exists(image), NbdfusePath, image, $"nbd+unix:///?socket={socket}");
        _undo.Push(() => SmallDisk.RunAsync("/bin/umount", Path.GetDirectoryName(image)!));
        var loop = (await SkepProgram.RunAsync("/sbin/losetup", ["--find", "--show", image], CancellationToken.None)).Output.Trim();
        Assert.StartsWith("/dev/loop", loop, StringComparison.Ordinal);
        _undo.Push(() => SmallDisk.RunAsync("/sbin/losetup", "--detach", loop));
        await SmallDisk.RunAsync("/sbin/mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", loop);
        await SmallDisk.RunAsync("/bin/mount", loop, directory);
        Loop = loop;
        _undo.Push(() => SmallDisk.RunAsync("/bin/umount", directory));
    }

    /// <summary>The device.</summary>
    public string Loop { get; private set; } = "";

    /// <summary>From now on every request of the disk fails.</summary>
    public void Break() => File.WriteAllText(Switch, "");

    /// <summary>From now on none does. The file system is mounted anew: it may have given up.</summary>
    public async Task RepairAsync()
    {
        File.Delete(Switch);
        await SmallDisk.RunAsync("/bin/umount", directory);
        // 1: errors were corrected, which a journal's replay may be.
        Assert.InRange((await SkepProgram.RunAsync("/sbin/e2fsck", ["-f", "-y", Loop], CancellationToken.None)).ExitCode, 0, 1);
        await SmallDisk.RunAsync("/bin/mount", Loop, directory);
    }

    public async ValueTask DisposeAsync()
    {
        File.Delete(Switch);
        while (_undo.TryPop(out var step))
            await step();
        Directory.Delete(_tools, recursive: true);
    }

    private async Task StartAsync(Func<bool> isReady, string program, params string[] arguments)
    {
        var process = SkepProgram.Start(program, arguments, new Dictionary<string, string>());
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _undo.Push(() => EndAsync(process));
        await Eventually.HoldsAsync(() => isReady() || process.HasExited);
        Assert.False(process.HasExited, $"{program} has ended");
    }

    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
