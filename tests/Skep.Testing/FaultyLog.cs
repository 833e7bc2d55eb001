using Skep.Core.Store;

namespace Skep.Testing;

/// <summary>How an append goes wrong.</summary>
public enum AppendFault
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>Nothing is written.</summary>
    FailsBefore,

    /// <summary>Everything is durable, and then the caller is told otherwise: a lost acknowledgement.</summary>
    FailsAfter,
}

/// <summary>
/// A log over another that fails and stalls where a test says so, and remembers every entry that became durable.
/// Thread-safe.
/// </summary>
public sealed class FaultyLog(IResourceLog inner) : IResourceLog
{
    private readonly Lock _lock = new();
    private readonly List<LogEntry> _durable = [];
    private TaskCompletionSource? _held;
    private TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Asked before every append, with the number of appends before it.</summary>
    public Func<int, AppendFault> Fault { get; set; } = static _ => AppendFault.None;

    /// <summary>While true, reads fail.</summary>
    public bool ReadsFail { get; set; }

    /// <summary>How many times the store has appended.</summary>
    public int Appends { get; private set; }

    /// <summary>All entries that were made durable, whatever the store was told.</summary>
    public IReadOnlyList<LogEntry> Durable
    {
        get
        {
            lock (_lock)
                return [.. _durable];
        }
    }

    /// <summary>From now on appends stall until <see cref="Release"/>; the task completes when one has arrived.</summary>
    public Task Hold()
    {
        lock (_lock)
        {
            _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _reached.Task;
        }
    }

    /// <summary>Lets stalled appends go on.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _held?.SetResult();
            _held = null;
        }
    }

    /// <inheritdoc/>
    public Task<LogState> OpenAsync(CancellationToken ct) => inner.OpenAsync(ct);

    /// <inheritdoc/>
    public async Task AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken ct)
    {
        Task held;
        lock (_lock)
        {
            held = _held?.Task ?? Task.CompletedTask;
            _reached.TrySetResult();
        }

        await held;
        var fault = Fault(Appends++);
        if (fault is AppendFault.FailsBefore)
            throw new IOException("injected: nothing was written");
        await inner.AppendAsync(entries, ct);
        lock (_lock)
            _durable.AddRange(entries);
        if (fault is AppendFault.FailsAfter)
            throw new IOException("injected: the acknowledgement was lost");
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogEntry>> ReadAsync(long afterRevision, int limit, CancellationToken ct) =>
        ReadsFail ? throw new IOException("injected: the log does not answer") : inner.ReadAsync(afterRevision, limit, ct);

    /// <inheritdoc/>
    public Task CompactAsync(long revision, CancellationToken ct) => inner.CompactAsync(revision, ct);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
