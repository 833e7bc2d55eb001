using Skep.Blocks.Log;
using Skep.Blocks.Log.Replication;

namespace Skep.Blocks.Tests.Log.Replication;

/// <summary>A keeper of logs' copies on a Unix socket, which can be ended and started again.</summary>
internal sealed class KeeperFixture : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skep-replica-").FullName;
    private ReplicaServer? _server;
    private ReplicaListener? _listener;
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    public MemoryDirectory Disk { get; set; } = new();

    public long SpaceBytes { get; set; } = 1 << 30;

    public List<string> Reports { get; } = [];

    public NetworkReplica Replica => new(Address, tls: null);

    private ReplicaAddress Address => ReplicaAddress.TryParse($"unix:{Path.Combine(_folder, "s")}", out _)!;

    private static CancellationToken Ct => VolumeWorld.Ct;

    public static async Task<KeeperFixture> StartedAsync()
    {
        var keeper = new KeeperFixture();
        await keeper.StartAsync();
        return keeper;
    }

    public async Task StartAsync()
    {
        _server = await ReplicaServer.OpenAsync(Disk, SpaceBytes, TimeProvider.System, Report, Ct);
        _listener = new ReplicaListener(_server, Address, tls: null, TimeProvider.System, Report);
        _stop = new CancellationTokenSource();
        _running = _listener.RunAsync(_stop.Token);
    }

    /// <summary>Ends it, and loses what was not durable.</summary>
    public async Task CutPowerAsync()
    {
        await StopAsync();
        Disk = Disk.Crash();
    }

    public async Task StopAsync()
    {
        if (_stop is null)
            return;
        await _stop.CancelAsync();
        _listener!.Dispose();
        await _running;
        await _server!.DisposeAsync();
        _stop.Dispose();
        _stop = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private void Report(string text)
    {
        lock (Reports)
            Reports.Add(text);
    }
}
