using System.Runtime.InteropServices;
using Skep.Linux;
using Skep.Testing;

namespace Skep.Linux.Tests;

public sealed partial class FileLockTests
{
    [Fact]
    public void A_copy_of_the_handle_does_not_keep_a_lock_that_was_given_up()
    {
        var folder = Directory.CreateTempSubdirectory("skep-lock-");
        try
        {
            var path = Path.Combine(folder.FullName, "lock");
            var held = FileLock.TryTake(path, "me");
            Assert.NotNull(held);
            // What a program has that is between its fork and its exec.
            using var copy = new Microsoft.Win32.SafeHandles.SafeFileHandle(Duplicate(OpenHandles.Find(path)), ownsHandle: true);
            Assert.Equal("me", FileLock.ReadHolder(path));
            held.Dispose();
            Assert.Null(FileLock.ReadHolder(path));
            held.Dispose();
            using var again = FileLock.TryTake(path, "you");
            Assert.NotNull(again);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int fd);
}
