using Skep.SystemTests;

namespace Skep.S3.SystemTests.Faults;

/// <summary>A small file system in memory that the test can fill up. Needs root.</summary>
internal sealed class SmallDisk(string directory) : IAsyncDisposable
{
    /// <summary>Mounts one of so many bytes.</summary>
    public static async Task<IAsyncDisposable> MountAsync(string directory, int megabytes)
    {
        await RunAsync("/bin/mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode=0700", "tmpfs", directory);
        return new SmallDisk(directory);
    }

    /// <summary>Takes the last byte.</summary>
    public static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4_096];
        try
        {
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            // Full, which is what was wanted.
        }
    }

    /// <summary>Runs a program that must succeed.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        var result = await SkepProgram.RunAsync(program, arguments, CancellationToken.None);
        Assert.True(result.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {result.Error}");
    }

    public async ValueTask DisposeAsync() => await RunAsync("/bin/umount", directory);
}
