using Skep.Core.Hosting;
using Skep.Linux;
using Skep.Storage.Volumes;

namespace Skep.Storage.SystemTests;

/// <summary>A data directory on a file system that is really full: a tmpfs of two pages.</summary>
public sealed class FullDiskTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Making_a_disk_on_a_full_file_system_says_so_and_leaves_nothing()
    {
        Assert.SkipUnless(SystemUser.IsRoot, "needs root to mount a small file system");
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed");
        var runner = new CommandRunner(TimeProvider.System);
        var directory = Directory.CreateTempSubdirectory("skep-full-").FullName;
        await runner.CheckAsync(new Command("mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=16", "tmpfs", directory), Ct);
        try
        {
            var files = new VolumeFiles(new SkepOptions { DataDirectory = directory, NodeName = "node", HostPrefix = "skTst" }, runner);
            var ex = await Assert.ThrowsAsync<VolumeException>(() => files.MakeAsync("vol-1", 1, imageFileName: null, passphrase: null, Ct));
            Assert.True(ex.IsTransient);
            Assert.Contains("is full", ex.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(Path.Combine(directory, "volumes")));
        }
        finally
        {
            await runner.CheckAsync(new Command("umount", directory), CancellationToken.None);
            Directory.Delete(directory);
        }
    }
}
