using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Blocks;
using Skep.Blocks.Chunks;
using Skep.Blocks.Nbd;
using Skep.Blocks.Stores;
using Skep.Core.Hosting;
using Skep.Core.Store;
using Skep.Linux;
using Skep.Linux.DiskImages;
using Skep.Storage.Kinds;

namespace Skep.Storage.Snapshots;

/// <summary>
/// Serves snapshots by NBD to the machines whose volumes still come from them, on a socket that only the user of machines
/// can open. It lives in the daemon: while that is being restarted, QEMU keeps requests waiting and connects again
/// (reconnect-delay), so that a guest sees a pause and no error. Started when first needed, and before any machine where a
/// volume needs it.
/// </summary>
internal sealed partial class SnapshotServer(
    SnapshotStores stores, ResourceClient client, CommandRunner runner, SkepOptions options, TimeProvider time, ILogger<SnapshotServer> logger)
    : INbdExports, IHostedLifecycleService, IAsyncDisposable
{
    private const string UserName = "skep-vm";
    private const string SocketName = "snapshots.sock";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private NbdServer? _server;
    private Task _running = Task.CompletedTask;

    /// <summary>Where it listens.</summary>
    public string SocketPath => options.PathOf("volumes", SocketName);

    /// <summary>Starts it, if it does not run yet. The "volumes" folder must exist.</summary>
    /// <exception cref="IOException">It cannot listen.</exception>
    public async Task EnsureStartedAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            if (_server is not null)
                return;
            var server = new NbdServer(this, new NbdServerOptions { ThreadsMax = 0, SessionEnded = end => LogEnded(end.ExportName, end.Message) }, time);
            try
            {
                server.BindUnix(SocketPath);
                if (SystemUser.IsRoot)
                    DiskFile.SetOwner(SocketPath, await SystemUser.EnsureAsync(runner, UserName, ct));
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }

            _server = server;
            _running = server.RunAsync(_stop.Token);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<NbdExportName>> ListAsync(CancellationToken ct) => new([]);

    /// <inheritdoc/>
    public async ValueTask<NbdExport?> OpenAsync(string name, CancellationToken ct)
    {
        try
        {
            var reader = await stores.OpenReaderAsync(name, ct);
            return new NbdExport(name, reader, reader.DisposeAsync) { IsReadOnly = true };
        }
        catch (ChunkStoreException ex) when (ex.Error is ChunkStoreError.NotFound or ChunkStoreError.Invalid)
        {
            return null;
        }
        catch (Exception ex) when (ex is ChunkStoreException or ObjectStoreException or IOException)
        {
            LogNotOpened(name, ex.Message);
            throw new BlockDeviceException(BlockError.Io, ex.Message, ex);
        }
    }

    /// <inheritdoc/>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (!options.IsSimulated && client.View.List(StorageKinds.Volume, ns: null).Any(v => v.Status?.HydratingFrom is not null && v.Spec.NodeName == options.NodeName))
            await EnsureStartedAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StoppedAsync(CancellationToken cancellationToken) => await DisposeAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        await Task.WhenAny(_running);
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [LoggerMessage(EventId = 1430, Level = LogLevel.Debug, Message = "a machine let go of snapshot {Snapshot}: {Why}")]
    private partial void LogEnded(string? snapshot, string why);

    [LoggerMessage(EventId = 1431, Level = LogLevel.Error, Message = "snapshot {Snapshot} cannot be opened for a machine: {Why}")]
    private partial void LogNotOpened(string snapshot, string why);
}
