using System.Net.Sockets;
using Skep.Blocks.Nbd;
using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Cli.Nbd;

/// <summary>
/// A disk image in a format of QEMU's, read by qemu-nbd on a private socket: the formats are its business. It ends with
/// its only client, so with this object or with this process.
/// </summary>
internal sealed class ForeignImage : IAsyncDisposable
{
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly string _folder;
    private readonly SecretFile? _secret;
    private readonly Task<CommandResult> _serving;

    private ForeignImage(string folder, CommandRunner runner, string path, string format, DiskPassphrase? passphrase, bool isReadOnly)
    {
        _folder = folder;
        _secret = passphrase is null ? null : SecretFile.Create(passphrase);
        string[] access = isReadOnly ? ["--read-only"] : ["--discard=unmap", "--detect-zeroes=unmap"];
        _serving = runner.RunAsync(
            new Command("qemu-nbd", [.. access, "-k", SocketPath, .. QemuImg.Address(format, Path.GetFullPath(path), _secret?.Path)]) { Timeout = Timeout.InfiniteTimeSpan },
            _stop.Token);
    }

    private string SocketPath => Path.Combine(_folder, "nbd.sock");

    /// <summary>Opens an image.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">Its format, by QEMU's name.</param>
    /// <param name="passphrase">What it is encrypted with; null when it is not.</param>
    /// <param name="isReadOnly">Whether nobody may write.</param>
    /// <param name="context">The clock, and the runner of tools.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="CliException">It cannot be opened.</exception>
    public static async Task<(ForeignImage Image, NbdClientDevice Device)> OpenAsync(string path, string format, DiskPassphrase? passphrase, bool isReadOnly, CliContext context, CancellationToken ct)
    {
        if (!File.Exists(path))
            throw new CliException($"{path} does not exist", ExitCode.NotFound);
        var image = new ForeignImage(Directory.CreateTempSubdirectory("skep-nbd-").FullName, context.Commands, path, format, passphrase, isReadOnly);
        try
        {
            return (image, await image.ConnectAsync(path, context.Time, ct));
        }
        catch
        {
            await image.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_serving);
        _ = _serving.Exception; // being ended is what was asked for
        _stop.Dispose();
        _secret?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<NbdClientDevice> ConnectAsync(string path, TimeProvider time, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(_startTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        using var timer = new PeriodicTimer(_pollPeriod, time);
        try
        {
            while (!UnixSocket.IsListening(SocketPath))
            {
                if (_serving.IsCompleted)
                    throw new CliException($"{path}: {(await _serving).Error.Trim()}", ExitCode.Conflict);
                await timer.WaitForNextTickAsync(either.Token);
            }

            return new NbdClientDevice(await NbdClient.ConnectAsync(new NbdClientOptions { EndPoint = new UnixDomainSocketEndPoint(SocketPath) }, time, either.Token));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CliException($"qemu-nbd did not serve {path} within {_startTimeout.TotalSeconds:0} s", ExitCode.TimedOut);
        }
        catch (NbdException ex)
        {
            throw new CliException($"{path}: {ex.Message}");
        }
        catch (CommandException ex)
        {
            throw new CliException(ex.Message, ExitCode.Failure, "qemu-nbd comes with the package qemu-utils.");
        }
    }
}
