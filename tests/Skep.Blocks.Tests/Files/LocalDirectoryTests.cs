using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Skep.Blocks.Files;
using Skep.Testing;

namespace Skep.Blocks.Tests.Files;

public sealed partial class LocalDirectoryTests : BlockDirectoryContract, IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("skep-files-").FullName;

    private protected override async Task RunAsync(Func<IBlockDirectory, Task> test) => await test(await LocalDirectory.OpenAsync(_path, Ct));

    [Fact]
    public async Task A_directory_is_made_for_its_owner_alone()
    {
        var path = Path.Combine(_path, "volume");
        var directory = await LocalDirectory.OpenAsync(path, Ct);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        Assert.InRange(directory.FreeBytes, 1, long.MaxValue);
        await Assert.ThrowsAsync<DirectoryNotFoundException>(async () => await LocalDirectory.OpenAsync(Path.Combine(path, "a", "b"), Ct));
    }

    [Fact]
    public async Task Another_object_for_the_same_directory_is_refused_the_lock()
    {
        var first = await LocalDirectory.OpenAsync(_path, Ct);
        var second = await LocalDirectory.OpenAsync(_path, Ct);
        using (await first.LockAsync(Ct))
        {
            var ex = await Assert.ThrowsAsync<IOException>(async () => await second.LockAsync(Ct));
            Assert.Contains(_path, ex.Message, StringComparison.Ordinal);
        }
        (await second.LockAsync(Ct)).Dispose();
    }

    [Fact]
    public async Task A_copy_of_the_handle_does_not_keep_a_lock_that_was_given_up()
    {
        var directory = await LocalDirectory.OpenAsync(_path, Ct);
        var held = await directory.LockAsync(Ct);
        // What a program has that is between its fork and its exec.
        using var copy = new SafeFileHandle(Duplicate(OpenHandles.Find(_path)), ownsHandle: true);
        held.Dispose();
        held.Dispose();
        (await directory.LockAsync(Ct)).Dispose();
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int fd);

    [Fact]
    public async Task Writes_complete_on_the_callers_thread()
    {
        var directory = await LocalDirectory.OpenAsync(_path, Ct);
        await using var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
        var write = file.WriteAsync(0, new byte[8192], Ct).AsTask();
        Assert.True(write.IsCompletedSuccessfully);
        await write;
        write = file.WriteAsync(100, [new byte[10], new byte[20]], Ct).AsTask();
        Assert.True(write.IsCompletedSuccessfully);
        await write;
    }

    [Fact]
    public async Task Overlapping_calls_do_not_disturb_each_other()
    {
        const int Size = 8192;
        var directory = await LocalDirectory.OpenAsync(_path, Ct);
        await using var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
        await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(
            async () =>
            {
                await file.WriteAsync(i * Size, Enumerable.Repeat((byte)i, Size).ToArray(), Ct);
                await file.SyncAsync(Ct);
                var buffer = new byte[Size];
                Assert.Equal(Size, await file.ReadAsync(i * Size, buffer, Ct));
                Assert.All(buffer, b => Assert.Equal((byte)i, b));
            },
            Ct)));
    }

    [Fact]
    public async Task A_missing_directory_is_an_input_output_error_with_its_number()
    {
        var directory = await LocalDirectory.OpenAsync(_path, Ct);
        await using var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
        Directory.Delete(_path, recursive: true);
        await Assert.ThrowsAnyAsync<IOException>(async () => await directory.SyncAsync(Ct));
        await Assert.ThrowsAnyAsync<IOException>(async () => await directory.LockAsync(Ct));
        Directory.CreateDirectory(_path);
        await Assert.ThrowsAnyAsync<IOException>(async () => await directory.RenameAsync("a", "b", Ct));
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
