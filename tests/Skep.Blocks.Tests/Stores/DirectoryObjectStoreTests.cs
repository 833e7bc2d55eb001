using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Stores;

public sealed class DirectoryObjectStoreTests : ObjectStoreContract, IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("skep-store-").FullName;

    public DirectoryObjectStoreTests() => Store = Open();

    protected override IObjectStore Store { get; }

    private string Temporary => Path.Combine(_path, "objects", ".tmp");

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public async Task A_key_is_a_path()
    {
        await PutAsync("a/b/c", "x");
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(_path, "objects/a/b/c"), Ct));
        Assert.Empty(Directory.GetFiles(Temporary));
    }

    // Else a file system that is not mounted for a moment would look like a volume that somebody else has deleted.
    [Fact]
    public async Task What_a_directory_that_is_gone_had_is_not_missing()
    {
        await PutAsync("a/b", "x");
        var root = Path.Combine(_path, "objects");
        Directory.Move(root, root + ".away");
        for (var isMountPoint = false; ; isMountPoint = true)
        {
            await FailsAsync(ObjectStoreError.Unavailable, async () => await Store.GetAsync("a/b", 0, new byte[1], Ct));
            await FailsAsync(ObjectStoreError.Unavailable, async () => await Store.FindAsync("a/b", Ct));
            await FailsAsync(ObjectStoreError.Unavailable, async () => await Store.DeleteAsync("a/b", Ct));
            await FailsAsync(ObjectStoreError.Unavailable, async () => await PutAsync("a/c", "x"));
            await FailsAsync(ObjectStoreError.Unavailable, async () => await Store.ListAsync("a/", after: null, Ct).AnyAsync(Ct));
            if (isMountPoint)
                break;
            Directory.CreateDirectory(root);
        }

        Directory.Delete(root);
        Directory.Move(root + ".away", root);
        Assert.Equal(1, await Store.FindAsync("a/b", Ct));
    }

    [Theory]
    [InlineData("../a")]
    [InlineData("a/../../b")]
    [InlineData(".tmp/x")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("a/")]
    public async Task A_key_never_leads_out_of_the_directory(string key)
    {
        await FailsAsync(ObjectStoreError.Refused, async () => await PutAsync(key, "x"));
        await FailsAsync(ObjectStoreError.Refused, async () => await Store.GetAsync(key, 0, new byte[1], Ct));
    }

    [Theory]
    [InlineData(PutCondition.None)]
    [InlineData(PutCondition.IfAbsent)]
    public async Task A_key_below_another_one_is_refused_and_leaves_nothing(PutCondition condition)
    {
        await PutAsync("a", "file");
        await PutAsync("b/c", "file");
        await FailsAsync(ObjectStoreError.Refused, async () => await PutAsync(condition, "a/b", "x"));
        await FailsAsync(ObjectStoreError.Refused, async () => await PutAsync(condition, "b", "x"));
        Assert.Empty(Directory.GetFiles(Temporary));
    }

    [Fact]
    public void Opening_sweeps_what_crashed_puts_left_and_spares_those_under_way()
    {
        var (old, young) = (Path.Combine(Temporary, "1-dead-1"), Path.Combine(Temporary, "2-alive-1"));
        File.WriteAllText(old, "half");
        File.WriteAllText(young, "half");
        File.SetLastWriteTimeUtc(old, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2));
        Open();
        Assert.Equal([young], Directory.GetFiles(Temporary));
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_named()
    {
        var ex = Assert.Throws<ObjectStoreException>(() => DirectoryObjectStore.Open(Path.Combine(_path, "no/such"), TaskScheduler.Default, TimeProvider.System, new Random(1)));
        Assert.Contains(Path.Combine(_path, "no"), ex.Message, StringComparison.Ordinal);
    }

    private DirectoryObjectStore Open() => DirectoryObjectStore.Open(Path.Combine(_path, "objects"), TaskScheduler.Default, TimeProvider.System, new Random(1));
}
