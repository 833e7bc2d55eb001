using Skep.Linux;
using Skep.Objects.Embedded;

namespace Skep.Objects.SystemTests;

/// <summary>The store on a file system that somebody else fills up, below the store's own reserve. Needs root for the mount.</summary>
[Trait("needs", "root")]
public sealed class FullDiskTests : IAsyncDisposable
{
    private const string Bucket = "b";

    private readonly CommandRunner _commands = new(TimeProvider.System);
    private readonly string _directory = Directory.CreateTempSubdirectory("skep-objects-full-").FullName;
    private bool _isMounted;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(20_000)]
    [InlineData(200_000)]
    public async Task With_no_byte_left_objects_are_read_and_deleted_and_then_stored_again(int size)
    {
        Assert.SkipUnless(SystemUser.IsRoot, "needs root to mount a small file system");
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", _directory);
        _isMounted = true;
        var options = new EmbeddedOptions { Directory = Path.Combine(_directory, "store"), ReserveBytes = 4 << 20 };
        await using (var store = await EmbeddedBackend.OpenAsync(options, TimeProvider.System, Ct))
        {
            await store.CreateBucketAsync(Bucket, "me", Ct);
            for (var i = 0; i < 40; i++)
                await PutAsync(store, $"k{i}", size);
            Fill(Path.Combine(_directory, "filler"));

            var refused = await Assert.ThrowsAsync<ObjectException>(() => PutAsync(store, "n", size));
            Assert.Equal(ObjectError.NoSpace, refused.Error);
            await using (var reader = await store.OpenAsync(new ObjectAddress(Bucket, "k7"), Ct))
                await reader.CopyToAsync(Stream.Null, 0, size, Ct);

            // More changes than the write-ahead log has room for: the ballast is given up, and the log begins anew.
            for (var round = 0; round < 300; round++)
                await store.UpdateAsync(new ObjectAddress(Bucket, "k39"), new ObjectUpdate { Tags = [new("round", new string('x', 3_000) + round)] }, Ct);
            for (var i = 0; i < 39; i++)
                await store.DeleteAsync(Bucket, new DeleteRequest { Key = $"k{i}" }, Ct);
            Assert.Equal(["k39"], (await store.ListAsync(new ListRequest { Bucket = Bucket }, Ct)).Objects.Select(o => o.Key));
            Assert.False(File.Exists(Path.Combine(_directory, "store", "ballast")));

            File.Delete(Path.Combine(_directory, "filler"));
            await PutAsync(store, "n", size);
        }

        await using var again = await EmbeddedBackend.OpenAsync(options, TimeProvider.System, Ct);
        Assert.Equal(["k39", "n"], (await again.ListAsync(new ListRequest { Bucket = Bucket }, Ct)).Objects.Select(o => o.Key));
        Assert.Equal(new BucketUsage(2 * size, 2, 0), (await again.HeadBucketAsync(Bucket, Ct)).Usage);
        Assert.Equal(0, (await again.ScrubAsync(long.MaxValue, d => Assert.Fail(d.Reason), Ct)).Damaged);
        Assert.True(File.Exists(Path.Combine(_directory, "store", "ballast")));
    }

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
            await RunAsync("umount", _directory);
        Directory.Delete(_directory, recursive: true);
    }

    private static async Task PutAsync(EmbeddedBackend store, string key, int size) =>
        await store.PutAsync(new PutRequest { Bucket = Bucket, Key = key }, new MemoryStream(new byte[size]), Ct);

    private static void Fill(string path)
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

    private async Task RunAsync(string program, params string[] arguments)
    {
        var result = await _commands.RunAsync(new Command(program, arguments), CancellationToken.None);
        Assert.True(result.ExitCode == 0, result.Error);
    }
}
