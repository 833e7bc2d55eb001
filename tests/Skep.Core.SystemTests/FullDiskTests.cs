using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Core.Store.Sqlite;
using Skep.Linux;

namespace Skep.Core.SystemTests;

/// <summary>The store on a file system that fills up. Needs root for the mount.</summary>
[Trait("needs", "root")]
public sealed class FullDiskTests : IAsyncDisposable
{
    private readonly CommandRunner _commands = new(TimeProvider.System);
    private readonly string _directory = Directory.CreateTempSubdirectory("skep-full-").FullName;
    private bool _isMounted;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writes_fail_clearly_while_the_disk_is_full_and_go_on_when_there_is_space()
    {
        Assert.SkipUnless(SystemUser.IsRoot, "needs root to mount a small file system");
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", _directory);
        _isMounted = true;
        var kinds = new KindRegistry(CoreKinds.All);
        long written;
        await using (var store = await ResourceStore.OpenAsync(new SqliteLog(_directory, kinds), Ct))
        {
            await store.CommitAsync([Create("first", size: 100)], Ct);
            var filler = Path.Combine(_directory, "filler");
            Fill(filler);

            ResourceException? refused = null;
            for (var i = 0; refused is null; i++)
            {
                try
                {
                    await store.CommitAsync([Create($"a{i}", size: 20_000), Create($"b{i}", size: 20_000)], Ct);
                }
                catch (ResourceException ex)
                {
                    refused = ex;
                }
            }

            Assert.Equal(ResourceError.Unavailable, refused.Reason);
            Assert.Contains(Path.Combine(_directory, "skep.db"), refused.Message, StringComparison.Ordinal);
            Assert.Contains("the disk is full", refused.Message, StringComparison.Ordinal);
            Assert.NotNull(store.View.Get(Key("first")));

            File.Delete(filler);
            var view = await store.CommitAsync([Create("last", size: 20_000)], Ct);
            Assert.NotNull(view.Get(Key("last")));
            written = view.Revision;
        }

        await using var again = await ResourceStore.OpenAsync(new SqliteLog(_directory, kinds), Ct);
        Assert.Equal(written, again.View.Revision);
        var names = again.View.List(CoreKinds.ConfigMap.GroupResource, ns: null, after: null).Select(r => r.Key.Name).ToHashSet();
        Assert.Equal(written, names.Count);
        Assert.All(names.Where(n => n[0] == 'a'), a => Assert.Contains("b" + a[1..], names));
    }

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
            await RunAsync("umount", _directory);
        Directory.Delete(_directory, recursive: true);
    }

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

    private static ResourceKey Key(string name) => CoreKinds.ConfigMap.Key("default", name);

    private static Change Create(string name, int size) =>
        Change.Create(Key(name), Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"{{{name}}}"},"data":{"p":"{{{new string('x', size)}}}"}}"""));

    private async Task RunAsync(string program, params string[] arguments)
    {
        var result = await _commands.RunAsync(new Command(program, arguments), CancellationToken.None);
        Assert.True(result.ExitCode == 0, result.Error);
    }
}
