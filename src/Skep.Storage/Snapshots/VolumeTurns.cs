namespace Skep.Storage.Snapshots;

/// <summary>Lets those who work on one volume do so one after the other. Thread-safe.</summary>
internal sealed class VolumeTurns
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task> _last = new(StringComparer.Ordinal);

    /// <summary>Waits for one's turn, which ends with the disposal of what is returned.</summary>
    public async Task<IDisposable> TakeAsync(string volumeId, CancellationToken ct)
    {
        var turn = new Turn(this, volumeId);
        Task before;
        lock (_lock)
        {
            before = _last.GetValueOrDefault(volumeId, Task.CompletedTask);
            // Who gives up waiting must not let the next one in before those who were first.
            _last[volumeId] = Task.WhenAll(before, turn.Ended);
        }

        try
        {
            await before.WaitAsync(ct);
            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    private void Forget(string volumeId)
    {
        lock (_lock)
        {
            if (_last.TryGetValue(volumeId, out var last) && last.IsCompleted)
                _last.Remove(volumeId);
        }
    }

    private sealed class Turn(VolumeTurns turns, string volumeId) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public void Dispose()
        {
            if (_ended.TrySetResult())
                turns.Forget(volumeId);
        }
    }
}
