using System.Globalization;
using System.Text.Json;
using Skep.Blocks.Nbd;
using Skep.Core.Hosting;
using Skep.Linux;
using Skep.Linux.DiskImages;
using Skep.Linux.Processes;

namespace Skep.Storage.Snapshots;

/// <summary>
/// Reads the disk in a file that no machine has open, by qemu-nbd on a private socket, and keeps account of changes in the
/// file's own bitmaps. All tools run as the user of machines: the file was written by a machine and is not trusted. The
/// server ends with its client, so a crash of the daemon leaves none.
/// </summary>
internal sealed class OfflineDisk(SkepOptions options, CommandRunner runner, TimeProvider time)
{
    private const string UserName = "skep-vm";
    private const string FolderName = "captures";
    private const string BitmapPrefix = "snap-";
    private const int ConnectAttemptsMax = 200;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly TimeSpan _lastWordsTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _connectPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _serveTimeout = TimeSpan.FromHours(24);
    private static readonly TimeSpan _toolTimeout = TimeSpan.FromMinutes(1);

    /// <summary>Serves a disk to <paramref name="read"/>, which gets the socket's path, and ends the server after it.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="exportName">The export's name.</param>
    /// <param name="bitmap">A bitmap of the file to export too; null for none.</param>
    /// <param name="read">Reads.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SnapshotException">The file cannot be opened, for example because a machine has it open.</exception>
    public async Task ServeAsync(DiskFileAddress disk, string exportName, string? bitmap, Func<string, Task> read, CancellationToken ct)
    {
        var folder = options.PathOf(FolderName, exportName);
        var user = await PrepareAsync(folder, ct);
        var socket = Path.Combine(folder, "nbd.sock");
        using var secret = Hand(disk.Passphrase, user);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        string[] arguments =
        [
            "--read-only", "--shared=2", "--cache=none", "--aio=threads", "--allocation-depth", "-k", socket, "-x", exportName,
            .. bitmap is null ? [] : (string[])["-B", bitmap], .. disk.Arguments(secret),
        ];
        var serving = runner.RunAsync(Confine(user, disk.Directory, _serveTimeout, "qemu-nbd", arguments), stop.Token);
        try
        {
            await AwaitServerAsync(socket, serving, disk.Path, ct);
            await read(socket);
        }
        catch (NbdException ex)
        {
            // It listens before it opens the disk: who cannot be served is hung up on, and the reason is in its last words.
            if (await Task.WhenAny(serving, Task.Delay(_lastWordsTimeout, time, ct)) != serving)
                throw;
            throw new SnapshotException($"qemu-nbd ended while it served {disk.Path}: {(await serving).Error.Trim()} ({ex.Message})");
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAny(serving);
            _ = serving.Exception;
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The usable bitmaps of captures in a file, by name; those that a killed machine left unwritten are not.</summary>
    /// <exception cref="CommandException">The file cannot be read.</exception>
    public async Task<IReadOnlyList<(string Name, bool IsUsable)>> ListBitmapsAsync(string path, CancellationToken ct)
    {
        var user = await PrepareAsync(null, ct);
        var result = await runner.CheckAsync(Confine(user, Path.GetDirectoryName(path)!, _toolTimeout, "qemu-img", "info", "--output=json", "-f", "qcow2", Path.GetFileName(path)), ct);
        using var document = JsonDocument.Parse(result.Output);
        if (!document.RootElement.TryGetProperty("format-specific", out var specific) || !specific.GetProperty("data").TryGetProperty("bitmaps", out var bitmaps))
            return [];
        return [.. bitmaps.EnumerateArray()
            .Select(b => (Name: b.GetProperty("name").GetString()!, IsUsable: !b.GetProperty("flags").EnumerateArray().Any(f => f.GetString() == "in-use")))
            .Where(b => b.Name.StartsWith(BitmapPrefix, StringComparison.Ordinal))];
    }

    /// <summary>Begins to keep account of what changes in a file.</summary>
    /// <exception cref="CommandException">The file cannot be changed.</exception>
    public Task AddBitmapAsync(DiskFileAddress disk, string bitmap, CancellationToken ct) =>
        RunToolAsync(disk, _toolTimeout, address => ["bitmap", "--add", .. address, bitmap], ct);

    /// <summary>Ends it.</summary>
    /// <exception cref="CommandException">The file cannot be changed.</exception>
    public Task RemoveBitmapAsync(DiskFileAddress disk, string bitmap, CancellationToken ct) =>
        RunToolAsync(disk, _toolTimeout, address => ["bitmap", "--remove", .. address, bitmap], ct);

    /// <summary>
    /// Runs qemu-img on a file of a machine as the user of machines, in the file's directory.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="timeout">When it is killed.</param>
    /// <param name="arguments">Its arguments, from those that name the disk.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="CommandException">It failed.</exception>
    public async Task RunToolAsync(DiskFileAddress disk, TimeSpan timeout, Func<IReadOnlyList<string>, IReadOnlyList<string>> arguments, CancellationToken ct)
    {
        var user = await PrepareAsync(null, ct);
        using var secret = Hand(disk.Passphrase, user);
        await runner.CheckAsync(Confine(user, disk.Directory, timeout, "qemu-img", [.. arguments(disk.Arguments(secret))]), ct);
    }

    /// <summary>The passphrase where a tool that runs as the user of machines can read it, and nobody else.</summary>
    private static SecretFile? Hand(DiskPassphrase? passphrase, SystemUser? user)
    {
        if (passphrase is null)
            return null;
        var secret = SecretFile.Create(passphrase);
        DiskFile.SetOwner(secret.Path, user);
        return secret;
    }

    /// <summary>Makes the user of machines and lets it reach the files that belong to it, and a folder of its own if asked.</summary>
    private async Task<SystemUser?> PrepareAsync(string? folder, CancellationToken ct)
    {
        if (folder is not null)
            Directory.CreateDirectory(folder, OwnerOnly);
        if (!SystemUser.IsRoot)
            return null;
        var user = await SystemUser.EnsureAsync(runner, UserName, ct);
        foreach (var path in (string[])[options.DataDirectory, options.PathOf(FolderName), options.PathOf("volumes"), options.PathOf("images")])
        {
            if (!Directory.Exists(path))
                continue;
            HostFile.SetGroup(path, (int)user.GroupId);
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupExecute);
        }

        if (folder is not null)
            DiskFile.SetOwner(folder, user);
        return user;
    }

    private static Command Confine(SystemUser? user, string directory, TimeSpan timeout, string program, params string[] arguments)
    {
        if (user is null)
            return new Command(program, arguments) { WorkingDirectory = directory, Timeout = timeout };
        string[] confined =
        [
            $"--reuid={user.UserId.ToString(CultureInfo.InvariantCulture)}", $"--regid={user.GroupId.ToString(CultureInfo.InvariantCulture)}", "--clear-groups",
            "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", program, .. arguments,
        ];
        return new Command("setpriv", confined) { WorkingDirectory = directory, Timeout = timeout };
    }

    private async Task AwaitServerAsync(string socket, Task<CommandResult> serving, string path, CancellationToken ct)
    {
        // Without a connection: one that comes and goes would end the server.
        for (var attempt = 0; attempt < ConnectAttemptsMax; attempt++)
        {
            if (serving.IsCompleted)
            {
                var result = await serving;
                throw new SnapshotException($"qemu-nbd cannot serve {path}: {result.Error.Trim()}");
            }

            if (UnixSocket.IsListening(socket))
                return;
            await Task.Delay(_connectPause, time, ct);
        }

        throw new SnapshotException($"qemu-nbd did not serve {path} within {(_connectPause * ConnectAttemptsMax).TotalSeconds:0} s");
    }
}
