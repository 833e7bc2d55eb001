using System.Text.Json;
using Skep.Compute.Qmp;
using Skep.Linux.Processes;

namespace Skep.Compute.Qemu;

/// <summary>A running QEMU that the daemon holds: its process and its monitor.</summary>
internal sealed class QemuMachine(DetachedProcess process) : IAsyncDisposable
{
    /// <summary>Time for one question to the monitor: QEMU answers in milliseconds unless its host is in trouble.</summary>
    private static readonly TimeSpan _queryTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Time for what changes disks: QEMU answers when the host's disk has taken what was written, as for a flush.</summary>
    private static readonly TimeSpan _diskTimeout = TimeSpan.FromSeconds(30);

    /// <summary>QEMU's monitor has room for one client: who connects is decided here.</summary>
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private QmpClient? _monitor;
    private Task _pumping = Task.CompletedTask;

    public DetachedProcess Process { get; } = process;

    public bool IsConnected => _monitor is { Closed.IsCompleted: false };

    /// <summary>
    /// Connects the monitor unless somebody else just has; <paramref name="changed"/> is called for every event and when it
    /// disconnects.
    /// </summary>
    public async Task ConnectAsync(string socketPath, TimeSpan timeout, TimeProvider time, Action changed, CancellationToken ct)
    {
        await _connecting.WaitAsync(ct);
        try
        {
            if (IsConnected)
                return;
            if (_monitor is not null)
                await _monitor.DisposeAsync();
            var monitor = await QmpClient.ConnectAsync(socketPath, timeout, time, ct);
            _monitor = monitor;
            _pumping = PumpAsync(monitor, changed);
        }
        finally
        {
            _connecting.Release();
        }
    }

    /// <summary>QEMU's RunState: running, paused, shutdown, io-error and so on.</summary>
    public async Task<string> QueryStatusAsync(CancellationToken ct)
    {
        var answer = await ExecuteAsync("query-status", ct);
        return answer.GetProperty("status").GetString()!;
    }

    public Task<JsonElement> ExecuteAsync(string command, CancellationToken ct) => ExecuteAsync(command, arguments: null, ct);

    public Task<JsonElement> ExecuteAsync(string command, Action<Utf8JsonWriter>? arguments, CancellationToken ct) =>
        Monitor.ExecuteAsync(command, arguments, _queryTimeout, ct);

    /// <summary>The same with more time, for work on disks that nobody hurries.</summary>
    public Task<JsonElement> ExecuteOnDisksAsync(string command, Action<Utf8JsonWriter>? arguments, CancellationToken ct) =>
        Monitor.ExecuteAsync(command, arguments, _diskTimeout, ct);

    private QmpClient Monitor => _monitor ?? throw new QmpException(QmpFailure.Disconnected, "QEMU's monitor is not connected");

    public async ValueTask DisposeAsync()
    {
        if (_monitor is not null)
            await _monitor.DisposeAsync();
        await _pumping;
    }

    private static async Task PumpAsync(QmpClient monitor, Action changed)
    {
        await foreach (var _ in monitor.Events.ReadAllAsync())
            changed();
        changed();
    }
}
