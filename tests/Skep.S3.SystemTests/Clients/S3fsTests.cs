using System.Diagnostics;
using Skep.SystemTests;

namespace Skep.S3.SystemTests.Clients;

/// <summary>A bucket mounted by s3fs, over TLS. Needs FUSE.</summary>
[Trait("needs", "root")]
public sealed class S3fsTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Is_a_file_system()
    {
        await using var daemon = await StartAsync();
        await using var mount = await MountAsync(daemon);
        var tree = await FileTree.MakeAsync(Path.Combine(mount.Path, "tree"), seed: 5, Ct);
        var wanted = await FileTree.HashAsync(await FileTree.MakeAsync(Path.Combine(daemon.Files, "tree"), seed: 5, Ct), Ct);
        Assert.Equal(wanted, await FileTree.HashAsync(tree, Ct));

        var file = Path.Combine(mount.Path, "file");
        await File.WriteAllTextAsync(file, "hello", Ct);
        await File.AppendAllTextAsync(file, ", world", Ct);
        Assert.Equal("hello, world", await File.ReadAllTextAsync(file, Ct));
        await using (var open = new FileStream(file, FileMode.Open, FileAccess.Write))
            open.SetLength(5);
        Assert.Equal("hello", await File.ReadAllTextAsync(file, Ct));
        File.Move(file, Path.Combine(mount.Path, "tree", "renamed"));
        Assert.False(File.Exists(file));
        Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(mount.Path, "tree", "renamed"), Ct));
        Directory.Move(Path.Combine(mount.Path, "tree"), Path.Combine(mount.Path, "moved"));
        Assert.Equal(["100%", "a", "empty", "large", "one", "plus+and space", "renamed", "ü"], Directory.EnumerateFileSystemEntries(Path.Combine(mount.Path, "moved")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        File.Delete(Path.Combine(mount.Path, "moved", "renamed"));
        Assert.Equal(wanted, await FileTree.HashAsync(Path.Combine(mount.Path, "moved"), Ct));
        // Written in the middle of what is large enough to be kept in parts.
        await using (var open = new FileStream(Path.Combine(mount.Path, "moved", "large"), FileMode.Open, FileAccess.ReadWrite))
        {
            open.Position = 6_000_000;
            await open.WriteAsync("changed"u8.ToArray(), Ct);
        }

        var bytes = await File.ReadAllBytesAsync(Path.Combine(daemon.Files, "tree", "large"), Ct);
        "changed"u8.CopyTo(bytes.AsSpan(6_000_000));
        await mount.RemountAsync();
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(mount.Path, "moved", "large"), Ct));
    }

    [Fact]
    public async Task Holds_a_repository_and_an_unpacked_archive()
    {
        await using var daemon = await StartAsync();
        var tree = await FileTree.MakeAsync(Path.Combine(daemon.Files, "tree"), seed: 6, Ct);
        await RunAsync("/usr/bin/tar", "-cf", Path.Combine(daemon.Files, "tree.tar"), "-C", daemon.Files, "tree");
        var source = Path.Combine(daemon.Files, "source");
        await RunAsync("/usr/bin/git", "init", "--quiet", source);
        File.Copy(Path.Combine(tree, "a", "b.c"), Path.Combine(source, "b.c"));
        await RunAsync("/usr/bin/git", "-C", source, "add", ".");
        await RunAsync("/usr/bin/git", "-C", source, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "one");
        await using var mount = await MountAsync(daemon);
        await RunAsync("/usr/bin/tar", "-xf", Path.Combine(daemon.Files, "tree.tar"), "-C", mount.Path);
        await RunAsync("/usr/bin/git", "clone", "--quiet", "--no-hardlinks", source, Path.Combine(mount.Path, "clone"));
        await mount.RemountAsync();
        Assert.Equal(await FileTree.HashAsync(tree, Ct), await FileTree.HashAsync(Path.Combine(mount.Path, "tree"), Ct));
        await RunAsync("/usr/bin/git", "-c", "safe.directory=*", "-C", Path.Combine(mount.Path, "clone"), "fsck", "--full", "--strict");
        Assert.Equal(await FileTree.HashFileAsync(Path.Combine(source, "b.c"), Ct), await FileTree.HashFileAsync(Path.Combine(mount.Path, "clone", "b.c"), Ct));
        Directory.Delete(Path.Combine(mount.Path, "tree"), recursive: true);
        Assert.Equal(["clone"], Directory.EnumerateFileSystemEntries(mount.Path).Select(Path.GetFileName));
    }

    private static async Task<S3Daemon> StartAsync()
    {
        ClientProgram.Require("/usr/bin/s3fs", "s3fs");
        ClientProgram.Require("/usr/bin/git", "git");
        ClientProgram.Require("/usr/bin/aws", "awscli");
        Assert.SkipUnless(File.Exists("/dev/fuse") && Environment.IsPrivilegedProcess, "needs root and /dev/fuse to mount a bucket");
        return await S3Daemon.StartAsync(Ct, isTls: true);
    }

    private static async Task<Mount> MountAsync(S3Daemon daemon)
    {
        await new ClientProgram(daemon, "/usr/bin/aws", "--endpoint-url", daemon.Endpoint).RunAsync("s3", "mb", "s3://mounted");
        var mount = new Mount(daemon);
        await mount.StartAsync();
        return mount;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        var result = await SkepProgram.RunAsync(program, arguments, TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit {result.ExitCode}\n{result.Output}\n{result.Error}");
    }

    private sealed class Mount(S3Daemon daemon) : IAsyncDisposable
    {
        private Process? _process;

        public string Path { get; } = Directory.CreateDirectory(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(daemon.DataDirectory)!, "mount")).FullName;

        public async Task StartAsync()
        {
            var passwords = System.IO.Path.Combine(daemon.DataDirectory, "passwd-s3fs");
            await File.WriteAllTextAsync(passwords, $"{daemon.Credentials.AccessKeyId}:{daemon.Credentials.SecretAccessKey}\n", Ct);
            File.SetUnixFileMode(passwords, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            daemon.SetVariable("CURL_CA_BUNDLE", daemon.Authority);
            // Parts of 5 MB, so that the test's large file has some.
            _process = daemon.StartClient(
                "/usr/bin/s3fs", "mounted", Path, "-f", "-o", $"url={daemon.Endpoint}", "-o", "use_path_request_style", "-o", "endpoint=us-east-1", "-o", "sigv4", "-o", $"passwd_file={passwords}",
                "-o", "multipart_size=5", "-o", "singlepart_copy_limit=5");
            _process.BeginOutputReadLine();
            var said = _process.StandardError.ReadToEndAsync(Ct);
            using var limit = new CancellationTokenSource(_patience, TimeProvider.System);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            while (!IsMounted())
            {
                if (_process.HasExited)
                    Assert.Fail($"s3fs ended with {_process.ExitCode}: {await said}");
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }

        /// <summary>Forgets what is cached.</summary>
        public async Task RemountAsync()
        {
            await StopAsync();
            await StartAsync();
        }

        public async ValueTask DisposeAsync() => await StopAsync();

        private async Task StopAsync()
        {
            if (_process is not { } process)
                return;
            _process = null;
            if (IsMounted())
                await RunAsync("/bin/umount", Path);
            using var limit = new CancellationTokenSource(_patience, TimeProvider.System);
            await process.WaitForExitAsync(limit.Token);
            process.Dispose();
        }

        private bool IsMounted() => File.ReadLines("/proc/self/mounts").Any(l => l.Split(' ')[1] == Path);
    }
}
