using Skep.Compute.Images;
using Skep.Compute.Images.Debian;
using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Compute.SystemTests.Images;

public sealed class DebianImageTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Builds_a_disk_with_a_partition_table_and_a_boot_loader()
    {
        var keep = Environment.GetEnvironmentVariable("SKEP_KEEP_DEBIAN");
        Assert.SkipWhen(string.IsNullOrEmpty(keep), "takes minutes; set SKEP_KEEP_DEBIAN to where the image should go");
        Assert.SkipUnless(SystemUser.IsRoot, "needs root");
        Assert.SkipUnless(File.Exists("/usr/bin/mmdebstrap"), "mmdebstrap is not installed");
        var directory = Directory.CreateTempSubdirectory("skep-debian-").FullName;
        try
        {
            var built = await new DebianImageBuilder(new CommandRunner(TimeProvider.System)).BuildAsync(directory, new Progress<ImageBuildProgress>(), Ct);
            File.Copy(built.Path, keep!, overwrite: true);
            Assert.Equal(("debian", "uefi"), (built.DefaultUser, built.BootMode));
            Assert.Equal(1702L << 20, (await DiskImageProbe.ReadAsync(built.Path, Ct)).VirtualSizeBytes);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
