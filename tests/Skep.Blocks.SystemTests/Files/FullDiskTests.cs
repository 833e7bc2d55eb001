using Skep.Blocks.Files;
using Skep.Linux;

namespace Skep.Blocks.SystemTests.Files;

/// <summary>Files on a file system that is really full.</summary>
public sealed class FullDiskTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_write_that_does_not_fit_says_that_the_disk_is_full_and_fits_after_a_deletion()
    {
        Assert.SkipUnless(SystemUser.IsRoot, "needs root to mount a small file system");
        var runner = new CommandRunner(TimeProvider.System);
        var path = Directory.CreateTempSubdirectory("skep-full-").FullName;
        await runner.CheckAsync(new Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path), Ct);
        try
        {
            var directory = await LocalDirectory.OpenAsync(path, Ct);
            Assert.Equal(64 << 10, directory.FreeBytes);
            await using (var large = await directory.OpenAsync("large", BlockFileMode.CreateNew, Ct))
            await using (var small = await directory.OpenAsync("small", BlockFileMode.CreateNew, Ct))
            {
                await large.WriteAsync(0, new byte[64 << 10], Ct);
                await large.SyncAsync(Ct);
                Assert.Equal(0, directory.FreeBytes);
                foreach (var write in new Func<Task>[]
                {
                    async () => await small.WriteAsync(0, new byte[4096], Ct),
                    async () => await small.WriteAsync(0, [new byte[10], new byte[4096]], Ct),
                })
                {
                    var ex = await Assert.ThrowsAsync<IOException>(write);
                    Assert.True(FileErrors.IsDiskFull(ex), ex.ToString());
                }

                // Punching gives the space back while the file stays.
                await large.PunchAsync(0, 16 << 10, Ct);
                Assert.Equal(16 << 10, directory.FreeBytes);
                await small.WriteAsync(0, new byte[4096], Ct);
            }
            await directory.DeleteAsync("large", Ct);
            Assert.Equal(60 << 10, directory.FreeBytes);
        }
        finally
        {
            await runner.CheckAsync(new Command("umount", path), CancellationToken.None);
            Directory.Delete(path);
        }
    }

    [Fact]
    public async Task The_lock_of_another_process_is_seen_and_ends_with_it()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/flock"), "flock is not installed");
        var path = Directory.CreateTempSubdirectory("skep-lock-").FullName;
        try
        {
            var directory = await LocalDirectory.OpenAsync(path, Ct);
            var start = new System.Diagnostics.ProcessStartInfo("flock", [path, "sh", "-c", "echo locked; exec cat"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            using var other = System.Diagnostics.Process.Start(start)!;
            Assert.Equal("locked", await other.StandardOutput.ReadLineAsync(Ct));
            var ex = await Assert.ThrowsAsync<IOException>(async () => await directory.LockAsync(Ct));
            Assert.Contains("in use", ex.Message, StringComparison.Ordinal);
            // flock(1) waits for its child, which ends with its input.
            other.StandardInput.Close();
            await other.WaitForExitAsync(Ct);
            (await directory.LockAsync(Ct)).Dispose();
        }
        finally
        {
            Directory.Delete(path);
        }
    }
}
